"""Kustomizations as Flux writes them → how far a commit is."""

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

from renderer.core.observed import DeliveryState
from renderer.delivery import Tool, read

Object = dict[str, Any]


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
    ("found", "under_way"),
    [
        pytest.param(None, False, id="not created"),
        pytest.param(kustomization(), False, id="done"),
        pytest.param(
            kustomization("Unknown", applied=OLD, conditions=(reconciling("Fetching"),)),
            True,
            id="it reconciles",
        ),
        pytest.param(kustomization(applied=OLD), True, id="it will reconcile"),
        pytest.param(
            kustomization(
                "False", attempted=OLD, reason="BuildFailed", conditions=(reconciling("Building"),)
            ),
            False,
            id="it tries again after a failure",
        ),
        pytest.param(kustomization(applied=OLD, suspend=True), False, id="suspended"),
    ],
)
def test_words_of_the_moment_are_known(found: Object | None, *, under_way: bool) -> None:
    assert read(Tool.FLUX, found, WANTED, is_ancestor).under_way is under_way


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
