"""A rotation: only the Job knows which password is in force, so all else waits for its end."""

from __future__ import annotations

from pure_cluster import NOW, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.plan import Files, Phase


def rotated(token: str, **more: object) -> Desired:
    return desired(credentials={"rotation": {"requestedAt": token}}, **more)  # type: ignore[arg-type]


def secret(cluster: PureCluster) -> str:
    assert cluster.record
    return cluster.record.credentials


def test_the_new_secret_is_made_set_and_then_referred_to() -> None:
    cluster = ready(desired())
    assert secret(cluster) == "orders-credentials"
    wanted = rotated("monday")
    plan = decide(wanted, cluster.observed(), cluster.record, NOW)
    assert plan.create_secret
    assert plan.names
    assert plan.names.credentials == "orders-credentials"
    assert plan.names.new_credentials == wanted.credentials != plan.names.credentials
    assert cluster.settle(wanted).phase is Phase.READY
    assert secret(cluster) == wanted.credentials
    assert cluster.commits == [
        "rotate the credentials, step 1 of 3: set the new passwords",
        "rotate the credentials, step 2 of 3: refer to the new Secret",
        "rotate the credentials, step 3 of 3: the new credentials are in force",
    ]


def test_another_existing_secret_is_a_rotation_too() -> None:
    cluster = ready(desired(credentials={"source": "Existing", "secretName": "old"}))
    wanted = desired(credentials={"source": "Existing", "secretName": "new"})
    assert not decide(wanted, cluster.observed(), cluster.record, NOW).create_secret
    cluster.settle(wanted)
    assert secret(cluster) == "new"


def test_while_the_passwords_are_set_a_changed_spec_waits() -> None:
    cluster = ready(desired())
    cluster.jobs_run = False
    cluster.turn(rotated("monday"))
    plan = decide(rotated("tuesday"), cluster.observed(), cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "SpecWaits")
    cluster.jobs_run = True
    assert cluster.settle(rotated("tuesday")).phase is Phase.READY
    assert secret(cluster) == rotated("tuesday").credentials


def test_a_failed_rotation_keeps_the_old_secret_in_force() -> None:
    cluster = ready(desired())
    cluster.turn(rotated("monday"))
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = "there is no role app that can log in"
    assert reason(cluster.settle(rotated("monday"))) == "RotateFailed"
    assert secret(cluster) == "orders-credentials"


def test_without_a_cluster_other_credentials_are_refused() -> None:
    cluster = ready(desired())
    plan = decide(rotated("monday"), None, cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "RotationNeedsController")
