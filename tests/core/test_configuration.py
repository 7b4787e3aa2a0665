"""A changed configuration: tried first, refused with the server's words, never half applied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.configuration import Configuration
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.plan import Files, Phase

WORDS = 'PostgreSQL 18.4 refuses the configuration: unrecognized parameter "max_conections"'
TYPO = desired(parameters={"max_conections": "5"})
MENDED = desired(parameters={"max_connections": "5"})


def in_force(cluster: PureCluster) -> Configuration | None:
    return cluster.record.configuration if cluster.record else None


def refuse(cluster: PureCluster, wanted: Desired) -> None:
    """Go on to where a Job has refused what is wanted."""
    while not (jobs := [name for kind, name in cluster.live if kind == "Job" and "check" in name]):
        cluster.jobs_run = False
        cluster.turn(wanted)
    cluster.job_results[jobs[0]] = WORDS
    cluster.jobs_run = True
    plan = cluster.settle(wanted)
    assert (plan.phase, reason(plan)) == (Phase.FAILED, "ConfigurationRefused")
    assert WORDS in plan.why
    assert "mend spec.parameters or spec.pgHba" in plan.why


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(desired(parameters={"work_mem": "8MB"}), id="parameters"),
        pytest.param(desired(pgHba=["local all all trust"]), id="pgHba"),
    ],
)
def test_a_changed_configuration_is_tried_and_then_reloaded(wanted: Desired) -> None:
    cluster = ready(desired())
    before = in_force(cluster)
    plan = cluster.turn(wanted)
    assert (plan.step, in_force(cluster)) == ("Check", before)
    assert cluster.settle(wanted).phase is Phase.READY
    assert in_force(cluster) == wanted.configuration
    assert cluster.commits == [
        "configure, step 1 of 3: try the changed configuration",
        "configure, step 2 of 3: reload the configuration, without a restart",
        "configure, step 3 of 3: the changed spec is in force",
    ]


def test_another_change_is_applied_at_once() -> None:
    cluster = ready(desired())
    cluster.settle(desired(networkPolicy={"enabled": False}))
    assert "try" not in " ".join(cluster.commits)


def test_what_is_refused_is_not_applied_and_the_mended_spec_is() -> None:
    cluster = ready(desired())
    before = in_force(cluster)
    refuse(cluster, TYPO)
    assert in_force(cluster) == before
    assert cluster.settle(MENDED).phase is Phase.READY
    assert in_force(cluster) == MENDED.configuration


def test_put_back_nothing_has_happened() -> None:
    cluster = ready(desired())
    refuse(cluster, TYPO)
    assert cluster.settle(desired()).phase is Phase.READY
    assert in_force(cluster) == desired().configuration
    assert not any(kind == "Job" for kind, _ in cluster.live)


def test_what_changes_while_it_is_applied_is_tried_again() -> None:
    cluster = ready(desired())
    while cluster.turn(MENDED).step != "Apply":
        pass
    plan = decide(TYPO, cluster.observed(), cluster.record, NOW)
    assert plan.step == "Check"
    assert plan.record
    assert plan.record.configuration == MENDED.configuration


@pytest.mark.parametrize(
    ("wish", "operation"),
    [
        pytest.param({"hibernate": True}, "hibernate", id="hibernation"),
        pytest.param({"backup": {**TARGET, "requestedAt": "now"}}, "backup", id="a backup"),
        pytest.param({"credentials": {"rotation": {"requestedAt": "now"}}}, "rotate", id="rotate"),
        pytest.param({"migrations": {"configMapRef": {"name": "x"}}}, "migrate", id="migrations"),
        pytest.param({"version": "18.9"}, "minorupgrade", id="another minor"),
        pytest.param({"version": "19"}, "majorupgrade", id="another major"),
    ],
)
def test_nothing_else_waits_for_a_refused_configuration(
    wish: dict[str, object], operation: str
) -> None:
    cluster = ready(desired())
    refuse(cluster, TYPO)
    wanted = desired(parameters={"max_conections": "5"}, **wish)  # type: ignore[arg-type]
    assert decide(wanted, cluster.observed(), cluster.record, NOW).operation.startswith(operation)


def test_a_sleeping_server_is_woken_only_after_its_configuration_was_tried() -> None:
    cluster = ready(desired())
    asleep = desired(hibernate=True, parameters={"max_conections": "5"})
    refuse(cluster, asleep)
    assert in_force(cluster) == desired().configuration
    assert decide(TYPO, cluster.observed(), cluster.record, NOW).operation.startswith("wake")
    assert cluster.settle(MENDED).phase is Phase.READY


def test_a_new_minor_that_refuses_the_configuration_is_not_started() -> None:
    cluster = ready(desired(version="18.3"))
    refuse(cluster, desired(version="18.9"))
    assert cluster.live_image == "postgres:18.3"
    assert cluster.settle(desired(version="18.3")).phase is Phase.READY
    assert cluster.live_image == "postgres:18.3"


def test_a_new_version_starts_with_the_configuration_that_came_with_it() -> None:
    cluster = ready(desired(version="18.3"))
    for wanted in (
        desired(version="18.9", parameters={"work_mem": "8MB"}),
        desired(version="19", parameters={"new_in_19": "on"}),
    ):
        cluster.settle(wanted)
        assert in_force(cluster) == wanted.configuration
        assert not any("configure" in subject for subject in cluster.commits)


def test_a_server_that_can_not_start_gets_the_mended_spec_untried() -> None:
    cluster = PureCluster()
    cluster.pod_message = "CrashLoopBackOff: FATAL: unrecognized parameter"
    assert reason(cluster.settle(TYPO)) == "PodFailed"
    cluster.pod_message = ""
    assert cluster.settle(MENDED).phase is Phase.READY
    asleep = desired(parameters={"max_connections": "5"}, hibernate=True)
    assert cluster.settle(asleep).phase is Phase.HIBERNATED
    cluster.pod_message = "CrashLoopBackOff: could not map memory"
    assert reason(cluster.settle(MENDED)) == "PodFailed"
    smaller = desired(parameters={"max_connections": "4"})
    cluster.turn(smaller)
    assert in_force(cluster) == smaller.configuration


def test_a_record_that_knows_no_configuration_takes_the_specs() -> None:
    cluster = ready(desired())
    assert cluster.record
    cluster.record = replace(cluster.record, configuration=None)
    cluster.settle(MENDED)
    assert cluster.commits[0] == "configure, step 2 of 3: apply the changed spec"
    assert in_force(cluster) == MENDED.configuration


def test_without_a_cluster_a_changed_configuration_is_written_at_once() -> None:
    cluster = ready(desired())
    plan = decide(TYPO, None, cluster.record, NOW)
    assert (plan.files, plan.step) == (Files.WRITE, "Apply")
    assert plan.record
    assert plan.record.configuration == TYPO.configuration
    cluster.turn(TYPO)
    assert cluster.record
    assert cluster.record.underway
    assert decide(TYPO, None, cluster.record, NOW).step == "Apply"


@pytest.mark.parametrize("until", ["Stop", "Convert"])
def test_an_upgrade_that_is_given_up_starts_the_old_server_with_what_it_can_have(
    until: str,
) -> None:
    cluster = ready(desired(backup=TARGET))
    upgraded = desired(version="19", backup=TARGET, parameters={"new_in_19": "on"})
    step = ""
    while step != until:
        cluster.jobs_run = step != "Stop"
        step = cluster.turn(upgraded).step
    if until == "Convert":
        name = next(name for kind, name in cluster.live if kind == "Job")
        cluster.job_results[name] = "pg_upgrade failed"
    cluster.jobs_run = True
    back = desired(backup=TARGET, parameters={"work_mem": "8MB"})
    plan = decide(back, cluster.observed(), cluster.record, NOW)
    assert plan.operation.startswith("rollback")
    assert plan.record
    expected = {"Stop": desired().configuration, "Convert": back.configuration}
    assert plan.record.configuration == expected[until]
    assert cluster.settle(back).phase is Phase.READY
    assert in_force(cluster) == back.configuration
