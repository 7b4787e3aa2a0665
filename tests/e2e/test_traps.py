"""The traps of Argo CD and Flux, each seen with the real tools (docs/gitops.md lists them).

No node is needed: what a Pod does is told by hand.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from e2e.appliers.kubectl import Object
from e2e.awkward import AWKWARD, STATEMENT, WORDS
from e2e.handover import PATH, Handover
from e2e.nowhere import Nowhere

from renderer.core import documents

ROUNDS = 10
TRACKS = ("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")


@pytest.fixture(scope="session")
def awkward(standing: Handover) -> str:
    """A SampleDB with values that YAML readers and API servers are known to change; applied."""
    assert "awkward" in standing.names
    return "awkward"


@pytest.fixture
def nowhere(handover: Handover) -> Nowhere:
    return Nowhere(kubectl=handover.kubectl, namespace=handover.team)


def test_nothing_differs_however_often_the_tool_looks(handover: Handover, awkward: str) -> None:
    before = _written(handover, awkward)
    operations = handover.operations(awkward)
    for _ in range(ROUNDS):
        handover.look_again(awkward)
        assert handover.in_sync(awkward)
    assert _written(handover, awkward) == before
    assert handover.operations(awkward) == operations


def test_awkward_values_arrive_as_they_were_written(handover: Handover, awkward: str) -> None:
    live = handover.children(awkward)
    scripts = live["ConfigMap/awkward-scripts"]["data"]
    assert scripts["sql-0000.sql"] == STATEMENT
    service = live["Service/awkward"]["metadata"]["annotations"]
    assert {name: service[name] for name in WORDS} == WORDS
    pod = live["StatefulSet/awkward"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == AWKWARD["scheduling"]["nodeSelector"]
    assert pod["tolerations"] == AWKWARD["scheduling"]["tolerations"]
    assert pod["containers"][0]["resources"] == {
        "requests": {"cpu": "1", "memory": "1G"},
        "limits": {"cpu": "2", "memory": "1500M"},
    }


def test_what_the_tool_tracks_by_is_on_no_pod(
    handover: Handover, awkward: str, nowhere: Nowhere
) -> None:
    pods = handover.until(lambda: nowhere.pods(awkward, "statefulset"), "a Pod")
    server = handover.children(awkward)["StatefulSet/awkward"]
    assert _tracks(server)
    assert not [mark for pod in pods for mark in _tracks(pod)]


def test_no_object_carries_a_copy_of_itself(handover: Handover, awkward: str) -> None:
    copies = "kubectl.kubernetes.io/last-applied-configuration"
    for child in handover.children(awkward).values():
        assert copies not in child["metadata"]["annotations"]


def test_a_field_that_is_not_rendered_is_left_to_others(handover: Handover, awkward: str) -> None:
    resource = ("-n", handover.team, "--field-manager=autoscaler", "--overwrite")
    handover.kubectl.run("annotate", "service", awkward, "example.com/seen=true", *resource)
    before = _written(handover, awkward)
    handover.look_again(awkward)
    assert handover.in_sync(awkward)
    assert _written(handover, awkward) == before
    service = handover.children(awkward)["Service/awkward"]
    assert service["metadata"]["annotations"]["example.com/seen"] == "true"


def test_a_script_survives_the_substitution_of_flux(flux_handover: Handover) -> None:
    handover, path = flux_handover, f"{PATH}/apps/{flux_handover.team}.substituted.yaml"
    with handover.controller():
        handover.create("substituted", init={"sql": [STATEMENT]})
        handover.applied("substituted")
    before = _written(handover, "substituted")
    app = documents.one(handover.bare.show(path).encode(), source=path).value
    app["spec"]["postBuild"] = {"substitute": {"HOME": "elsewhere"}}
    handover.rewrite("substitute", {path: json.dumps(app)})
    handover.look_again_at_the_root()
    handover.until(
        lambda: "postBuild" in (handover.app("substituted") or {})["spec"], "the substitution"
    )
    handover.look_again("substituted")
    assert handover.in_sync("substituted")
    assert _written(handover, "substituted") == before
    scripts = handover.children("substituted")["ConfigMap/substituted-scripts"]["data"]
    assert scripts["sql-0000.sql"] == STATEMENT


def test_a_reverted_commit_rolls_back_although_no_pod_was_ever_ready(
    handover: Handover, tmp_path: Path
) -> None:
    with handover.controller():
        handover.create("reverted", parameters={"work_mem": "4MB"})
        handover.applied("reverted")
        before = _stamps(handover, "reverted")
        handover.kubectl.patch(
            "sampledb",
            "reverted",
            handover.team,
            {"spec": {"parameters": {"work_mem": "8MB"}}},
        )
        handover.until(
            lambda: _stamps(handover, "reverted") != before and _work_mem(handover) == "8MB",
            "the changed parameter",
        )
        handover.applied("reverted")
    directory = handover.directory("reverted")
    changed = handover.bare.git("log", "-1", "--format=%H", "main", "--", directory)
    _revert(handover, changed, tmp_path)
    handover.until(lambda: _work_mem(handover) == "4MB", "the parameter of before")
    handover.until(lambda: _stamps(handover, "reverted") == before, "the children of before")
    handover.look_again("reverted")
    assert handover.in_sync("reverted")


def test_a_failed_job_is_replaced_by_one_of_another_name(
    handover: Handover, nowhere: Nowhere
) -> None:
    with handover.controller():
        handover.create("seeded", init={"sql": ["SELECT wrong"]})
        handover.applied("seeded")
        nowhere.bind("data-seeded-0")
        nowhere.is_ready(_pod(handover, nowhere, "statefulset"))
        failing = _pod(handover, nowhere, "job-init")
        nowhere.has_ended(failing, 65, 'column "wrong" does not exist')
        handover.until(
            lambda: "does not exist" in handover.get("seeded")["status"]["message"],
            "the Job's own words",
        )
        jobs = _jobs(handover)
        mended = {"spec": {"init": {"sql": ["SELECT 1"]}}}
        handover.kubectl.patch("sampledb", "seeded", handover.team, mended)
        handover.until(lambda: len(_jobs(handover)) == 1 and _jobs(handover) != jobs, "a new Job")
        nowhere.has_ended(_pod(handover, nowhere, "job-init"), 0, '{"initialized": true}')
        handover.until(
            lambda: handover.condition("seeded", "Initialized").get("status") == "True",
            "the result of the new Job",
        )
        handover.until(lambda: not _jobs(handover), "the end of the Job that has reported")
        handover.until(
            lambda: handover.condition("seeded", "Ready").get("status") == "True", "Ready"
        )
        handover.applied("seeded")
    assert handover.in_sync("seeded")


def test_a_failed_backup_does_not_degrade_the_application(argocd_handover: Handover) -> None:
    handover = argocd_handover
    with handover.controller():
        handover.create("unsaved", **{name: AWKWARD[name] for name in ("storage", "backup")})
        handover.applied("unsaved")
        # The schedule comes once the server has been initialised.
        nowhere = Nowhere(kubectl=handover.kubectl, namespace=handover.team)
        nowhere.bind("data-unsaved-0")
        nowhere.is_ready(_pod(handover, nowhere, "statefulset", "unsaved"))
        job = _pod(handover, nowhere, "job-init", "unsaved")
        nowhere.has_ended(job, 0, '{"initialized": true}')
        handover.until(lambda: "CronJob/unsaved-backup" in handover.children("unsaved"), "CronJob")
        handover.until(
            lambda: handover.condition("unsaved", "Ready").get("status") == "True", "Ready"
        )
    failed = {
        "lastScheduleTime": "2026-03-02T03:00:00Z",
        "lastSuccessfulTime": "2026-03-01T03:00:00Z",
    }
    handover.kubectl.run(
        *("patch", "cronjob", "unsaved-backup", "-n", handover.team, "--subresource=status"),
        *("--type=merge", "-p", json.dumps({"status": failed})),
    )
    nowhere.bind("unsaved-backup")
    handover.until(
        lambda: (handover.look_again("unsaved") or _health(handover, "unsaved")) == "Healthy",
        "a healthy Application",
    )


def _tracks(found: Object) -> list[str]:
    metadata = found["metadata"]
    names = [*(metadata.get("labels") or {}), *(metadata.get("annotations") or {})]
    tracking = ("tracking-id", "instance", "name", "namespace")
    return [
        name for name in names if name.startswith(TRACKS) and name.rpartition("/")[2] in tracking
    ]


def _stamps(handover: Handover, name: str) -> dict[str, str]:
    return {
        child: live["metadata"]["annotations"]["sampledb.dev/content-hash"]
        for child, live in handover.children(name).items()
        if not child.endswith("-record")
    }


def _work_mem(handover: Handover) -> str:
    text = handover.children("reverted")["ConfigMap/reverted-config"]["data"]["postgresql.conf"]
    (line,) = (line for line in text.splitlines() if line.startswith("work_mem"))
    return str(line.partition("=")[2].strip(" '"))


def _revert(handover: Handover, commit: str, folder: Path) -> None:
    """What a person does: clone, `git revert`, push."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for words in (
        ("clone", "--quiet", str(handover.bare.folder), str(folder / "clone")),
        ("-C", str(folder / "clone"), *who, "revert", "--no-edit", commit),
        ("-C", str(folder / "clone"), "push", "--quiet", "origin", "main"),
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)


def _jobs(handover: Handover, name: str = "seeded") -> list[str]:
    return sorted(child for child in handover.children(name) if child.startswith("Job/"))


def _pod(handover: Handover, nowhere: Nowhere, role: str, name: str = "seeded") -> Object:
    """The one Pod of this role that has not ended yet."""

    def look() -> Object | None:
        pods = [
            pod
            for pod in nowhere.pods(name, role)
            if pod["status"]["phase"] == "Pending" and "deletionTimestamp" not in pod["metadata"]
        ]
        return pods[0] if len(pods) == 1 else None

    return dict(handover.until(look, f"the Pod of {role}"))


def _health(handover: Handover, name: str) -> str:
    status = (handover.app(name) or {}).get("status") or {}
    return str((status.get("health") or {}).get("status", ""))


def _written(handover: Handover, name: str) -> dict[str, tuple[int, str]]:
    """Generation, and when anything but a status was last written, of each child."""
    return {
        child: (
            live["metadata"].get("generation", 0),
            max(
                each["time"]
                for each in live["metadata"]["managedFields"]
                if each.get("subresource") != "status"
            ),
        )
        for child, live in handover.children(name).items()
    }
