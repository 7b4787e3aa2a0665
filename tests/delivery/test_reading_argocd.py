"""Applications as Argo CD 3.x writes them → how far a commit is."""

from __future__ import annotations

from typing import Any

import pytest
from commit_history import (
    APPLIED,
    FAILED,
    INVALID,
    NEW,
    OLD,
    PENDING,
    UNKNOWN,
    WANTED,
    is_ancestor,
)

from renderer.core.observed import Delivery, DeliveryState
from renderer.delivery import Tool, read

Object = dict[str, Any]
SOURCE = {
    "repoURL": "https://git.example.com/deployments.git",
    "path": "clusters/prod/databases/team-a/orders",
    "targetRevision": "refs/heads/main",
}


def operation(phase: str, revision: str, message: str) -> Object:
    return {
        "operation": {"sync": {"revision": revision, "syncOptions": ["ServerSideApply=true"]}},
        "phase": phase,
        "message": message,
        "syncResult": {"revision": revision, "source": SOURCE},
        "startedAt": "2026-11-24T03:00:00Z",
    }


def retried(revision: str) -> Object:
    words = "one or more tasks completed unsuccessfully. Retrying attempt #2 at 3:00AM."
    return operation("Running", revision, words) | {"retryCount": 2}


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
            application("OutOfSync", last=retried(WANTED)),
            FAILED,
            "sync of 222222222222 failed: one or more tasks",
            id="a sync that fails again and again",
        ),
        pytest.param(
            application("OutOfSync", last=retried(OLD)),
            PENDING,
            "is Running: one or more tasks",
            id="an older sync that fails again and again",
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


def test_without_a_tool_nothing_is_said() -> None:
    assert read(Tool.NONE, None, WANTED, is_ancestor) == Delivery(tool="none")


@pytest.mark.parametrize(
    ("found", "under_way"),
    [
        pytest.param(None, False, id="not created"),
        pytest.param(application(), False, id="done"),
        pytest.param(application(last=operation("Running", OLD, "")), True, id="it syncs"),
        pytest.param(application(last=retried(OLD)), False, id="it syncs again after a failure"),
        pytest.param(application(revision=OLD), True, id="it will compare"),
        pytest.param(application(revision=OLD, automated=None), False, id="a person syncs"),
        pytest.param(
            application("OutOfSync", last=operation("Failed", OLD, "no")), False, id="it failed"
        ),
    ],
)
def test_words_of_the_moment_are_known(found: Object | None, *, under_way: bool) -> None:
    assert read(Tool.ARGOCD, found, WANTED, is_ancestor).under_way is under_way
