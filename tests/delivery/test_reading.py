"""Status objects as Argo CD 3.x and Flux write them → how far a commit is."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.core.errors import transient
from renderer.core.observed import Delivery, DeliveryState
from renderer.delivery import Tool, read

Object = dict[str, Any]
OLD, WANTED, NEW = "1" * 40, "2" * 40, "3" * 40
UNKNOWN = "f" * 40
HISTORY = [OLD, WANTED, NEW]
SOURCE = {
    "repoURL": "https://git.example.com/deployments.git",
    "path": "clusters/prod/databases/team-a/orders",
    "targetRevision": "refs/heads/main",
}
PENDING, APPLIED, FAILED = DeliveryState.PENDING, DeliveryState.APPLIED, DeliveryState.FAILED


def is_ancestor(commit: str, of: str) -> bool:
    if of not in HISTORY:
        raise transient("unknown revision", value=of)
    return HISTORY.index(commit) <= HISTORY.index(of)


def operation(phase: str, revision: str, message: str) -> Object:
    return {
        "operation": {"sync": {"revision": revision, "syncOptions": ["ServerSideApply=true"]}},
        "phase": phase,
        "message": message,
        "syncResult": {"revision": revision, "source": SOURCE},
        "startedAt": "2026-11-24T03:00:00Z",
    }


def application(
    sync: str = "Synced",
    revision: str = WANTED,
    *,
    last: Object | None = None,
    conditions: tuple[tuple[str, str], ...] = (),
    **rest: Any,
) -> Object:
    status: Object = {
        "sync": {
            "status": sync,
            "revision": revision,
            "comparedTo": {"source": rest.pop("compared", SOURCE)},
        },
        "health": {"status": "Healthy"},
        "reconciledAt": "2026-11-24T03:00:01Z",
        "controllerNamespace": "argocd",
    }
    if last:
        status["operationState"] = last
    if conditions:
        status["conditions"] = [{"type": kind, "message": text} for kind, text in conditions]
    automated = rest.pop("automated", {"prune": True, "selfHeal": True})
    policy = {"automated": automated} if automated is not None else {}
    return {
        "metadata": {
            "name": "team-a.orders",
            "namespace": "argocd",
            **rest.pop("metadata", {}),
        },
        "spec": {"source": SOURCE, "syncPolicy": policy},
        "status": status,
        **rest,
    }


DONE = operation("Succeeded", WANTED, "successfully synced (all tasks run)")
INVALID = 'PersistentVolumeClaim "data-orders-0" is invalid: spec: Forbidden'


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        pytest.param(None, PENDING, "isn't there yet", id="not created"),
        pytest.param(
            {"metadata": {"name": "team-a.orders", "namespace": "argocd"}, "spec": {}},
            PENDING,
            "still at no commit",
            id="no status",
        ),
        pytest.param(application(last=DONE), APPLIED, "successfully synced", id="synced"),
        pytest.param(
            application(revision=NEW, last=DONE), APPLIED, "", id="a later commit changed nothing"
        ),
        pytest.param(application(revision=OLD, last=DONE), PENDING, "still at 1111", id="older"),
        pytest.param(
            application(revision=UNKNOWN), PENDING, "still at ffff", id="a commit not fetched yet"
        ),
        pytest.param(application("OutOfSync"), PENDING, "OutOfSync at 2222", id="out of sync"),
        pytest.param(
            application("OutOfSync", automated=None),
            PENDING,
            "automated sync is off",
            id="automated sync taken out",
        ),
        pytest.param(
            application("OutOfSync", automated={"enabled": False}),
            PENDING,
            "automated sync is off",
            id="automated sync disabled",
        ),
        pytest.param(
            application(operation={"sync": {"revision": WANTED}}),
            PENDING,
            "about to begin",
            id="a sync is asked for",
        ),
        pytest.param(
            application(last=operation("Running", WANTED, "one or more tasks are running")),
            PENDING,
            "is Running: one or more tasks",
            id="running",
        ),
        pytest.param(
            application("OutOfSync", last=operation("Terminating", WANTED, "terminating")),
            PENDING,
            "Terminating",
            id="terminating",
        ),
        pytest.param(
            application(
                last=DONE, metadata={"annotations": {"argocd.argoproj.io/refresh": "normal"}}
            ),
            PENDING,
            "refresh was asked for",
            id="a refresh is left",
        ),
        pytest.param(
            application(compared=SOURCE | {"path": "elsewhere"}),
            PENDING,
            "isn't compared anew",
            id="compared with another path",
        ),
        pytest.param(
            application(metadata={"deletionTimestamp": "2026-11-24T03:00:00Z"}),
            PENDING,
            "being deleted",
            id="deleting",
        ),
        pytest.param(
            application(
                "OutOfSync",
                last=operation("Failed", WANTED, f"one or more objects failed to apply: {INVALID}"),
                conditions=(
                    ("SyncError", f"Failed last sync attempt to [{WANTED}]: one or more objects"),
                ),
            ),
            FAILED,
            INVALID,
            id="this commit failed",
        ),
        pytest.param(
            application("OutOfSync", NEW, last=operation("Error", NEW, "rpc error: timed out")),
            FAILED,
            "sync of 333333333333 Error: rpc error",
            id="a later commit failed, and with it this one",
        ),
        pytest.param(
            application("OutOfSync", last=operation("Failed", OLD, "an old trouble")),
            PENDING,
            "the last sync, of 111111111111, Failed: an old trouble",
            id="an earlier commit failed, this one is next",
        ),
        pytest.param(
            application(last=operation("Failed", WANTED, "x")),
            APPLIED,
            "x",
            id="failed, then healed: Synced is what counts",
        ),
        pytest.param(
            application(
                "Unknown",
                OLD,
                conditions=(("ComparisonError", "Failed to load target state: EOF"),),
            ),
            FAILED,
            "ComparisonError: Failed to load target state: EOF",
            id="manifests can't be loaded",
        ),
        pytest.param(
            application(
                "Unknown", "", conditions=(("InvalidSpecError", "project nope does not exist"),)
            ),
            FAILED,
            "project nope does not exist",
            id="the project is missing",
        ),
        pytest.param(
            application(
                "OutOfSync",
                last=operation("Succeeded", OLD, "ok"),
                conditions=(
                    ("SyncError", f"Skipping sync attempt to [{WANTED}]: auto-sync will wipe out"),
                ),
            ),
            FAILED,
            "auto-sync will wipe out",
            id="refused without an attempt",
        ),
        pytest.param(
            application(conditions=(("SharedResourceWarning", "also part of another"),)),
            APPLIED,
            "",
            id="a warning is no failure",
        ),
    ],
)
def test_an_application(found: Object | None, state: DeliveryState, words: str) -> None:
    seen = read(Tool.ARGOCD, found, WANTED, is_ancestor)
    assert seen.state is state, seen.message
    assert words in seen.message
    assert seen.tool == "argocd"
    assert seen.name == ("argocd/team-a.orders" if found else "")


def kustomization(
    ready: str = "True",
    *,
    reason: str = "ReconciliationSucceeded",
    message: str = "",
    applied: str = WANTED,
    attempted: str = WANTED,
    conditions: tuple[Object, ...] = (),
    **rest: Any,
) -> Object:
    return {
        "metadata": {
            "name": "team-a.orders",
            "namespace": "flux-system",
            "generation": 2,
            **rest.pop("metadata", {}),
        },
        "spec": {"suspend": rest.pop("suspend", False)},
        "status": {
            "observedGeneration": rest.pop("observed", 2),
            "conditions": [
                {"type": "Ready", "status": ready, "reason": reason, "message": message},
                *conditions,
            ],
            "lastAppliedRevision": f"main@sha1:{applied}" if applied else "",
            "lastAttemptedRevision": f"main@sha1:{attempted}" if attempted else "",
        },
    }


def reconciling(message: str) -> Object:
    return {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": message}


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        pytest.param(None, PENDING, "isn't there yet", id="not created"),
        pytest.param(
            {"metadata": {"name": "team-a.orders", "namespace": "flux-system", "generation": 1}},
            PENDING,
            "not reconciled yet",
            id="no status",
        ),
        pytest.param(
            kustomization(message=f"Applied revision: main@sha1:{WANTED}"),
            APPLIED,
            "Applied revision",
            id="applied",
        ),
        pytest.param(kustomization(applied=NEW, attempted=NEW), APPLIED, "", id="a later commit"),
        pytest.param(
            kustomization(applied=OLD, attempted=OLD, message="Applied revision: old"),
            PENDING,
            "Applied revision: old",
            id="an older commit",
        ),
        pytest.param(kustomization(applied=UNKNOWN), PENDING, "", id="a commit not fetched yet"),
        pytest.param(kustomization(observed=1), PENDING, "", id="its spec has changed since"),
        pytest.param(
            kustomization(
                "Unknown",
                reason="Progressing",
                message="Reconciliation in progress",
                applied=OLD,
                conditions=(
                    reconciling("Detecting drift for revision main with a timeout of 2m0s"),
                ),
            ),
            PENDING,
            "Detecting drift",
            id="under way",
        ),
        pytest.param(
            kustomization(
                "False",
                reason="ReconciliationFailed",
                message=f"StatefulSet/team-a/orders dry-run failed: {INVALID}",
                applied=OLD,
                conditions=(reconciling("retrying"),),
            ),
            FAILED,
            INVALID,
            id="this commit failed",
        ),
        pytest.param(
            kustomization(
                "False",
                reason="ReconciliationFailed",
                message="dry-run failed",
                applied=OLD,
                observed=1,
            ),
            FAILED,
            "dry-run failed",
            id="failed with a new spec: Flux leaves observedGeneration behind",
        ),
        pytest.param(
            kustomization(
                "False", reason="BuildFailed", message="old trouble", applied="", attempted=OLD
            ),
            PENDING,
            "BuildFailed: old trouble",
            id="an earlier commit failed, this one is next",
        ),
        pytest.param(
            kustomization(
                "False",
                reason="ArtifactFailed",
                message="kustomization path not found: stat /tmp/k/databases: no such file",
                applied=OLD,
                attempted=OLD,
            ),
            PENDING,
            "kustomization path not found",
            id="the source is behind",
        ),
        pytest.param(
            kustomization(
                "False",
                reason="AccessDenied",
                message="x",
                applied="",
                attempted="",
                conditions=(
                    {
                        "type": "Stalled",
                        "status": "True",
                        "reason": "AccessDenied",
                        "message": "can't access 'GitRepository/other/sampledb'",
                    },
                ),
            ),
            FAILED,
            "AccessDenied: can't access",
            id="stalled",
        ),
        pytest.param(
            kustomization(applied=OLD, attempted=OLD, suspend=True),
            PENDING,
            "is suspended",
            id="suspended",
        ),
        pytest.param(
            kustomization(metadata={"deletionTimestamp": "2026-11-24T03:00:00Z"}),
            PENDING,
            "being deleted",
            id="deleting",
        ),
    ],
)
def test_a_kustomization(found: Object | None, state: DeliveryState, words: str) -> None:
    seen = read(Tool.FLUX, found, WANTED, is_ancestor)
    assert seen.state is state, seen.message
    assert words in seen.message
    assert seen.tool == "flux"


@pytest.mark.parametrize(
    ("written", "commit"),
    [
        pytest.param(f"main@sha1:{WANTED}", WANTED, id="branch"),
        pytest.param(f"refs/heads/main@sha1:{WANTED}", WANTED, id="ref"),
        pytest.param(f"odd@name@sha1:{WANTED}", WANTED, id="an @ in the branch"),
        pytest.param(f"sha1:{WANTED}", WANTED, id="detached"),
        pytest.param("main@sha256:" + "a" * 64, "a" * 64, id="sha256 repository"),
        pytest.param("latest@sha256:zz", "", id="nonsense"),
    ],
)
def test_a_revision_is_read_as_flux_writes_it(written: str, commit: str) -> None:
    found = kustomization()
    found["status"]["lastAppliedRevision"] = written
    assert read(Tool.FLUX, found, WANTED, lambda *_: False).revision == commit


def test_without_a_tool_nothing_is_said() -> None:
    assert read(Tool.NONE, None, WANTED, is_ancestor) == Delivery(tool="none")
