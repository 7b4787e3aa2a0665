"""Reads a Flux Kustomization (kustomize.toolkit.fluxcd.io/v1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from renderer.core.observed import Delivery, DeliveryState
from renderer.delivery.argocd import reaches

Fields = Mapping[str, Any]

_REVISION = re.compile(r"(?:.*@)?sha(?:1|256):([0-9a-f]{40,64})")
"""`main@sha1:<commit>`, or `sha1:<commit>` for a commit without a branch."""


def commit_of(revision: str) -> str:
    """The commit of a revision as Flux writes it; "" for anything else."""
    match = _REVISION.fullmatch(revision)
    return match[1] if match else ""


def read(found: Fields | None, commit: str, is_ancestor: Callable[[str, str], bool]) -> Delivery:
    """How far Flux is with `commit`."""
    if found is None:
        return Delivery(
            tool="flux",
            state=DeliveryState.PENDING,
            message="the Kustomization isn't there yet: does the root Kustomization apply apps/?",
        )
    status = found.get("status") or {}
    applied = commit_of(status.get("lastAppliedRevision") or "")
    attempted = commit_of(status.get("lastAttemptedRevision") or "")
    state, message = _state(
        found,
        reached=lambda: reaches(commit, applied, is_ancestor),
        tried=lambda: reaches(commit, attempted, is_ancestor),
    )
    return Delivery(
        tool="flux",
        name=f"{found['metadata'].get('namespace', '')}/{found['metadata']['name']}",
        revision=applied,
        state=state,
        message=" ".join(message.split()),
        under_way=state is DeliveryState.PENDING and _goes_on(found),
    )


def _state(
    found: Fields, *, reached: Callable[[], bool], tried: Callable[[], bool]
) -> tuple[DeliveryState, str]:
    """`reached` and `tried` ask Git, so each is called only where it decides."""
    metadata, status = found["metadata"], found.get("status") or {}
    ready = _condition(status, "Ready")
    words = _words(ready)
    stalled = _condition(status, "Stalled")
    if stalled.get("status") == "True":
        return DeliveryState.FAILED, _words(stalled)
    # Before the generation: Flux raises observedGeneration only when it succeeds.
    if ready.get("status") == "False":
        return (DeliveryState.FAILED if tried() else DeliveryState.PENDING), words
    if "deletionTimestamp" in metadata:
        return DeliveryState.PENDING, "the Kustomization is being deleted"
    current = status.get("observedGeneration") == metadata.get("generation")
    if ready.get("status") == "True" and current and reached():
        return DeliveryState.APPLIED, words
    return DeliveryState.PENDING, _waiting(found, words)


def _waiting(found: Fields, words: str) -> str:
    if _held(found):
        return "the Kustomization is suspended: `flux resume kustomization` goes on"
    progress = _condition(found.get("status") or {}, "Reconciling")
    if progress.get("status") == "True":
        return _words(progress)
    return words or "not reconciled yet"


def _goes_on(found: Fields) -> bool:
    """It reconciles, or will: after a failure it only waits to try again."""
    failed = _condition(found.get("status") or {}, "Ready").get("status") == "False"
    return not (failed or _held(found) or "deletionTimestamp" in found["metadata"])


def _held(found: Fields) -> bool:
    return bool((found.get("spec") or {}).get("suspend"))


def _condition(status: Fields, kind: str) -> Fields:
    for each in status.get("conditions") or ():
        if each.get("type") == kind:
            return each  # type: ignore[no-any-return]  # JSON
    return {}


def _words(condition: Fields) -> str:
    return ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
