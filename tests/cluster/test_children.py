"""API objects as clusters really have them → what `decide` reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cluster_objects import STAMPS, Object, item

from renderer.cluster import children, trimming
from renderer.cluster.cache import Cache
from renderer.core.layout import Key
from renderer.core.observed import Claim, Server, Stamp


@pytest.mark.parametrize(
    ("annotations", "stamp"),
    [
        pytest.param(STAMPS, Stamp(content_hash="0123456789abcdef", generation=3), id="both"),
        pytest.param({}, None, id="none"),
        pytest.param({"sampledb.dev/generation": "3"}, None, id="no hash"),
        pytest.param({"sampledb.dev/content-hash": "01"}, None, id="no generation"),
        pytest.param(STAMPS | {"sampledb.dev/generation": "x"}, None, id="no number"),
        pytest.param(STAMPS | {"sampledb.dev/generation": "³"}, None, id="a digit, no number"),
    ],
)
def test_a_stamp_is_both_annotations_or_nothing(annotations: Object, stamp: Stamp | None) -> None:
    assert children.stamp({"annotations": annotations}) == stamp


@pytest.mark.parametrize(
    ("annotations", "protected"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"argocd.argoproj.io/sync-options": "Prune=false"}, True, id="argo prune"),
        pytest.param(
            {"argocd.argoproj.io/sync-options": "ServerSideApply=true, Delete=false"},
            True,
            id="argo delete, among others",
        ),
        pytest.param({"argocd.argoproj.io/sync-options": "Prune=confirm"}, True, id="argo confirm"),
        pytest.param({"argocd.argoproj.io/sync-options": "Prune=true"}, False, id="argo lifted"),
        pytest.param({"kustomize.toolkit.fluxcd.io/prune": "disabled"}, True, id="flux"),
        pytest.param({"kustomize.toolkit.fluxcd.io/prune": "enabled"}, False, id="flux lifted"),
    ],
)
def test_protection_is_read_from_the_live_object(annotations: Object, protected: bool) -> None:
    assert children.protected({"annotations": annotations}) is protected


def test_a_claim_has_its_sizes_and_why_it_is_resizing() -> None:
    seen = children.claim(
        item(
            "data-orders-0",
            spec={"resources": {"requests": {"storage": "20Gi"}}},
            status={
                "phase": "Bound",
                "capacity": {"storage": "10Gi"},
                "conditions": [
                    {"type": "Resizing", "status": "False", "message": "no"},
                    {
                        "type": "FileSystemResizePending",
                        "status": "True",
                        "message": "Waiting for user to (re-)start a pod",
                    },
                ],
            },
        )
    )
    assert isinstance(seen, Claim)
    assert (seen.phase, seen.requested, seen.capacity) == ("Bound", "20Gi", "10Gi")
    assert seen.resizing == "Waiting for user to (re-)start a pod"


def test_a_claim_without_a_status_is_pending() -> None:
    assert children.claim(item("data-orders-0")).phase == "Pending"


@pytest.mark.parametrize(
    ("replicas", "status", "current"),
    [
        pytest.param(1, {}, False, id="never looked at"),
        pytest.param(
            1,
            {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1},
            True,
            id="rolled out",
        ),
        pytest.param(
            1, {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}, False, id="stale"
        ),
        pytest.param(1, {"observedGeneration": 2, "replicas": 1}, False, id="old revision"),
        pytest.param(0, {"observedGeneration": 2}, True, id="scaled to none"),
        pytest.param(
            0, {"observedGeneration": 2, "replicas": 1}, False, id="Pods still terminating"
        ),
    ],
)
def test_a_server_is_current_when_every_replica_runs_the_newest_spec(
    replicas: int, status: Object, current: bool
) -> None:
    seen = children.server(item("orders", spec={"replicas": replicas}, status=status))
    assert isinstance(seen, Server)
    assert seen.current is current
    assert seen.replicas == replicas
    assert seen.ready == status.get("readyReplicas", 0)


def test_a_server_that_does_not_say_wants_one_replica() -> None:
    assert children.server(item("orders")).replicas == 1


def job_pod(name: str, message: str, *, phase: str, created: str = "", owner: str = "") -> Object:
    code = 0 if phase == "Succeeded" else 1
    ended = {"exitCode": code, "message": message}
    owned = {"ownerReferences": [{"kind": "Job", "uid": owner}]} if owner else {}
    return item(
        name,
        labels={"batch.kubernetes.io/job-name": "orders-init-1a2b3c4d"},
        metadata={"creationTimestamp": created, **owned},
        status={
            "phase": phase,
            "containerStatuses": [{"name": "init", "state": {"terminated": ended}}],
        },
    )


def job(**status: Any) -> Object:
    return item("orders-init-1a2b3c4d", labels={"sampledb.dev/role": "job-init"}, status=status)


UID = "uid-orders-init-1a2b3c4d"
COMPLETE = {
    "startTime": "2026-11-24T03:00:00Z",
    "completionTime": "2026-11-24T03:00:05Z",
    "conditions": [{"type": "Complete", "status": "True"}],
}
FAILED = {
    "conditions": [
        {
            "type": "Failed",
            "status": "True",
            "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit",
            "lastTransitionTime": "2026-11-24T03:01:00Z",
        }
    ]
}


def test_a_jobs_result_is_the_last_line_of_the_pod_that_succeeded() -> None:
    seen = children.job(
        job(**COMPLETE),
        [
            job_pod("b", 'noise\n{"initialized": true}\n', phase="Succeeded", created="1"),
            job_pod("a", "psql: error", phase="Failed", created="2"),
        ],
    )
    assert seen.succeeded
    assert seen.result == {"initialized": True}
    assert seen.message == ""
    assert seen.role == "job-init"
    assert seen.started_at == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert seen.finished_at == datetime(2026, 11, 24, 3, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "done", "[1]", '{"half', '{"a": 1}\ndone'], ids=lambda text: text or "empty"
)
def test_anything_but_a_json_object_on_the_last_line_is_no_result(text: str) -> None:
    seen = children.job(job(**COMPLETE), [job_pod("a", text, phase="Succeeded")])
    assert seen.succeeded
    assert seen.result is None


def test_a_failed_job_says_what_its_newest_pod_said() -> None:
    seen = children.job(
        job(**FAILED),
        [
            job_pod("z", "first try", phase="Failed", created="1"),
            job_pod("a", 'extension "nope" is not available', phase="Failed", created="2"),
        ],
    )
    assert seen.failed
    assert not seen.succeeded
    assert seen.message == (
        'exit code 1: extension "nope" is not available (container init);'
        " Job has reached the specified backoff limit"
    )
    assert seen.finished_at == datetime(2026, 11, 24, 3, 1, tzinfo=UTC)


def test_a_job_of_the_same_name_before_this_one_lends_it_no_pods() -> None:
    stale = job_pod("a", '{"initialized": true}', phase="Succeeded", owner="uid-of-another")
    own = job_pod("b", '{"initialized": false}', phase="Succeeded", owner=UID)
    assert children.job(job(**COMPLETE), [own, stale]).result == {"initialized": False}
    assert children.job(job(**COMPLETE), [stale]).result is None


def test_everything_of_one_sampledb_is_observed_and_nothing_of_another() -> None:
    caches = {kind: Cache() for kind in ("StatefulSet", "ConfigMap", "Job", "Pod")}
    caches["StatefulSet"].put(item("orders"))
    caches["ConfigMap"].put(item("orders-config"))
    caches["ConfigMap"].put(item("else", labels={"sampledb.dev/name": "else"}))
    caches["Job"].put(job(**COMPLETE))
    caches["Pod"].put(job_pod("p", '{"initialized": true}', phase="Succeeded"))
    seen = children.observe(Key(namespace="team-a", name="orders"), caches)
    assert set(seen.children) == {
        ("StatefulSet", "orders"),
        ("ConfigMap", "orders-config"),
        ("Job", "orders-init-1a2b3c4d"),
    }
    assert seen.server("orders")
    assert seen.jobs("job-init")[0].result == {"initialized": True}
    assert [pod.name for pod in seen.pods] == ["p"]
    assert seen.delivery is None


def test_trimming_takes_nothing_away_that_is_observed() -> None:
    """What `decide` reads is the same from the whole objects and from what is kept."""
    whole = {
        "StatefulSet": item(
            "orders",
            spec={"replicas": 1, "template": {}},
            status={
                "observedGeneration": 2,
                "replicas": 1,
                "updatedReplicas": 1,
                "readyReplicas": 1,
            },
        ),
        "PersistentVolumeClaim": item(
            "data-orders-0",
            annotations=STAMPS | {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
            spec={"resources": {"requests": {"storage": "1Gi"}}, "volumeName": "pv-1"},
            status={"phase": "Bound", "capacity": {"storage": "1Gi"}},
        ),
        "Job": job(**COMPLETE),
        "Pod": job_pod("p", '{"initialized": true}', phase="Succeeded", owner=UID),
        "ConfigMap": item("orders-config", data={"a": "b"}),
    }
    key = Key(namespace="team-a", name="orders")
    full = {kind: Cache() for kind in whole}
    kept = {kind: Cache() for kind in whole}
    for kind, found in whole.items():
        full[kind].put(found)
        kept[kind].put(trimming.child(kind)(found))
    assert children.observe(key, kept) == children.observe(key, full)
    assert children.observe(key, kept).jobs("job-init")[0].result == {"initialized": True}
