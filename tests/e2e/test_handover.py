"""A SampleDB handed over to the real Flux and the real Argo CD, on the real API server.

No node is needed: these are about what is committed, applied and said.
"""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath

from e2e.appliers.kubectl import Object
from e2e.handover import PATH, Handover

POLICY = "admissionregistration.k8s.io/v1"


def test_the_first_commit_is_applied_and_the_status_says_so(handover: Handover) -> None:
    with handover.controller():
        handover.create("first")
        said = handover.applied("first")
        handover.until(
            lambda: handover.condition("first", "Applied").get("status") == "True", "Applied"
        )
    assert said["tool"] == handover.tool.name
    assert said["name"] == f"{handover.tool.namespace}/{handover.team}.first"
    commit = handover.get("first")["status"]["git"]["commit"]
    handover.bare.git("merge-base", "--is-ancestor", commit, said["revision"])
    live = handover.children("first")
    assert all("sampledb.dev/content-hash" in _annotations(each) for each in live.values())
    assert _kinds(handover, "first") == sorted(each["kind"].lower() for each in live.values())


def test_what_somebody_else_changed_is_put_back(standing: Handover) -> None:
    change = {"spec": {"replicas": 0}}
    standing.kubectl.patch("statefulset", "edited", standing.team, change)
    standing.look_again("edited")
    standing.until(
        lambda: standing.children("edited")["StatefulSet/edited"]["spec"]["replicas"] == 1,
        "the replicas put back",
    )


def test_the_data_claim_outlives_an_emptied_directory(standing: Handover) -> None:
    directory = standing.directory("emptied")
    claim = standing.children("emptied")["PersistentVolumeClaim/data-emptied-0"]
    gone: dict[str, str | None] = {
        path: None
        for path in standing.bare.files()
        if path.startswith(f"{directory}/") and not path.endswith("/record.yaml")
    }
    kept = f"{directory}/kustomization.yaml"
    gone[kept] = "resources: [record.yaml]\n"
    standing.rewrite("empty it", gone)
    standing.until(
        lambda: (
            set(standing.children("emptied"))
            == {"PersistentVolumeClaim/data-emptied-0", "ConfigMap/emptied-record"}
        ),
        "only the claim and the record",
    )
    after = standing.children("emptied")["PersistentVolumeClaim/data-emptied-0"]
    assert after["metadata"]["uid"] == claim["metadata"]["uid"]
    assert "deletionTimestamp" not in after["metadata"]


def test_the_data_claim_outlives_the_deleted_handover(standing: Handover) -> None:
    claim = standing.children("orphan")["PersistentVolumeClaim/data-orphan-0"]
    standing.cascade("orphan")
    standing.rewrite("no more", {f"{PATH}/apps/{standing.team}.orphan.yaml": None})
    standing.until(lambda: standing.app("orphan") is None, "the end of the hand-over")
    standing.until(
        lambda: set(standing.children("orphan")) == {"PersistentVolumeClaim/data-orphan-0"},
        "only the claim",
    )
    after = standing.children("orphan")["PersistentVolumeClaim/data-orphan-0"]
    assert after["metadata"]["uid"] == claim["metadata"]["uid"]
    assert "deletionTimestamp" not in after["metadata"]


def test_a_rendered_handover_that_is_deleted_leaves_everything(standing: Handover) -> None:
    before = {name: each["metadata"]["uid"] for name, each in standing.children("left").items()}
    uid = (standing.app("left") or {})["metadata"]["uid"]
    standing.kubectl.run(
        *("delete", standing.tool.resource, f"{standing.team}.left"),
        *("-n", standing.tool.namespace, "--wait=true", "--timeout=60s"),
    )
    standing.look_again_at_the_root()
    app = standing.until(lambda: standing.app("left"), "the hand-over again")
    assert app["metadata"]["uid"] != uid
    after = {name: each["metadata"]["uid"] for name, each in standing.children("left").items()}
    assert after == before


def test_a_refused_manifest_is_told_in_the_tools_words(handover: Handover) -> None:
    handover.kubectl.apply(*_no_large_volumes(handover.team))
    with handover.controller():
        # A policy is in force only some seconds after it was made.
        handover.until(lambda: _is_refused(handover), "the policy in force")
        handover.create("large", storage={"size": "2Ti"})
        handover.until(
            lambda: handover.delivery("large").get("state") == "Failed", "the tool's failure"
        )
        said = handover.delivery("large")["message"]
        assert "no more than 1Ti" in said
        assert "data-large-0" in said
        applied = handover.condition("large", "Applied")
        assert applied["status"] == "False"
        assert "no more than 1Ti" in applied["message"]
        handover.kubectl.run("delete", "validatingadmissionpolicybinding", handover.team)
        handover.applied("large")


def test_a_broken_file_is_told_in_the_tools_words(handover: Handover) -> None:
    # Until it looks into the repository again, the controller leaves the edit alone.
    with handover.controller("--fetch-interval", "1h"):
        handover.create("broken")
        handover.applied("broken")
        path = f"{handover.directory('broken')}/service.yaml"
        good = handover.bare.show(path)
        handover.rewrite("break it", {path: "kind: [Service\n"})
        handover.until(
            lambda: "service.yaml" in handover.delivery("broken").get("message", ""),
            "the tool's words on the broken file",
        )
        assert handover.delivery("broken")["state"] != "Applied"
    with handover.controller():
        handover.until(lambda: handover.bare.show(path) == good, "the file put back")
        handover.applied("broken")


def test_a_deleted_sampledb_goes_with_all_that_was_handed_over(handover: Handover) -> None:
    with handover.controller():
        handover.create("ended", deletion={"policy": "Delete", "confirm": True})
        handover.applied("ended")
        handover.kubectl.run("delete", "sampledb", "ended", "-n", handover.team, "--wait=false")
        handover.until(lambda: not handover.get("ended"), "the end of the SampleDB", 180)
        handover.until(lambda: handover.app("ended") is None, "the end of the hand-over")
    handover.until(lambda: not handover.children("ended"), "the end of its children")
    assert not [path for path in handover.bare.files() if "ended" in path]


def _annotations(each: Object) -> Object:
    return each["metadata"].get("annotations") or {}


def _kinds(handover: Handover, name: str) -> list[str]:
    """What the directory's files stand for: each is named after its kind."""
    files = [
        PurePosixPath(path).stem
        for path in handover.bare.files()
        if path.startswith(f"{handover.directory(name)}/")
    ]
    long = {"pvc": "persistentvolumeclaim", "record": "configmap"}
    kinds = [stem.split("-")[0] for stem in files if stem != "kustomization"]
    return sorted(long.get(kind, kind) for kind in kinds)


def _no_large_volumes(team: str) -> tuple[Object, Object]:
    policy = {
        "apiVersion": POLICY,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": team},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["persistentvolumeclaims"],
                    }
                ]
            },
            "validations": [
                {
                    "expression": "!quantity(string(object.spec.resources.requests.storage))"
                    ".isGreaterThan(quantity('1Ti'))",
                    "message": "a volume may have no more than 1Ti",
                }
            ],
        },
    }
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": team}}}
    binding = {
        "apiVersion": POLICY,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": team},
        "spec": {
            "policyName": team,
            "validationActions": ["Deny"],
            "matchResources": where,
        },
    }
    return policy, binding


def _is_refused(handover: Handover) -> bool:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "probe", "namespace": handover.team},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Ti"}},
        },
    }
    try:
        handover.kubectl.apply(claim)
    except subprocess.CalledProcessError as error:
        return any("no more than 1Ti" in note for note in error.__notes__)
    handover.kubectl.run("delete", "pvc", "probe", "-n", handover.team, "--wait=false")
    return False
