"""Reads an Argo CD Application (3.x)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from renderer.core.errors import TransientError
from renderer.core.observed import Delivery, DeliveryState

Fields = Mapping[str, Any]

_REFRESH = "argocd.argoproj.io/refresh"
_BUSY = {"Running", "Terminating"}
_FAILED = {"Failed", "Error"}
_BROKEN = ("InvalidSpecError", "ComparisonError", "UnknownError")
"""Conditions under which nothing is compared or synced, whatever the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An Application, taken apart."""

    revision: str
    """The commit it was compared with; "" before the first comparison."""
    sync: str
    phase: str
    retried: bool
    """The newest sync has failed before, and is tried again: its phase is Running all the time."""
    attempted: str
    """The commit of the newest sync."""
    words: str
    """What the newest sync says."""
    reached: bool
    """The wanted commit is part of `revision`."""
    within: Callable[[str], bool]
    """Whether the wanted commit is part of another: asks Git, so only where it matters."""
    automated: bool


def read(found: Fields | None, commit: str, is_ancestor: Callable[[str, str], bool]) -> Delivery:
    """How far Argo CD is with `commit`."""
    if found is None:
        return Delivery(
            tool="argocd",
            state=DeliveryState.PENDING,
            message="the Application isn't there yet: does the root Application apply apps/?",
        )
    seen = _seen(found, commit, is_ancestor)
    state, message = _failure(found, seen) or _delay(found, seen) or _outcome(seen)
    return Delivery(
        tool="argocd",
        name=f"{found['metadata'].get('namespace', '')}/{found['metadata']['name']}",
        revision=seen.revision,
        state=state,
        message=" ".join(message.split()),
        under_way=state is DeliveryState.PENDING and _goes_on(found, seen),
    )


def _seen(found: Fields, commit: str, is_ancestor: Callable[[str, str], bool]) -> _Seen:
    status = found.get("status") or {}
    sync = status.get("sync") or {}
    last = status.get("operationState") or {}
    asked = ((last.get("operation") or {}).get("sync") or {}).get("revision")
    attempted = (last.get("syncResult") or {}).get("revision") or asked or ""
    revision = sync.get("revision") or ""
    automated = ((found.get("spec") or {}).get("syncPolicy") or {}).get("automated")
    within = partial(reaches, commit, is_ancestor=is_ancestor)
    return _Seen(
        revision=revision,
        sync=sync.get("status") or "Unknown",
        phase=last.get("phase") or "",
        retried=bool(last.get("retryCount")),
        attempted=attempted,
        words=last.get("message") or "",
        reached=within(revision),
        within=within,
        automated=automated is not None and automated.get("enabled") is not False,
    )


def reaches(commit: str, revision: str, is_ancestor: Callable[[str, str], bool]) -> bool:
    """True when `commit` is known to be in `revision`; one not fetched yet proves nothing."""
    if not commit or not revision:
        return False
    if commit == revision:
        return True
    try:
        return is_ancestor(commit, revision)
    except TransientError:
        return False


def _failure(found: Fields, seen: _Seen) -> tuple[DeliveryState, str] | None:
    conditions = (found.get("status") or {}).get("conditions") or ()
    told = {each.get("type"): each.get("message") or "" for each in conditions}
    for kind in _BROKEN:
        if kind in told:
            return DeliveryState.FAILED, f"{kind}: {told[kind]}"
    if seen.phase == "Running" and seen.retried and seen.within(seen.attempted):
        return DeliveryState.FAILED, f"sync of {seen.attempted[:12]} failed: {seen.words}"
    if seen.sync == "Synced" or seen.phase in _BUSY or "operation" in found:
        return None
    if seen.phase in _FAILED and seen.within(seen.attempted):
        return DeliveryState.FAILED, f"sync of {seen.attempted[:12]} {seen.phase}: {seen.words}"
    # Such as "auto-sync will wipe out all resources": there was no attempt to fail.
    if "SyncError" in told and seen.reached and seen.phase not in _FAILED:
        return DeliveryState.FAILED, f"SyncError: {told['SyncError']}"
    return None


def _delay(found: Fields, seen: _Seen) -> tuple[DeliveryState, str] | None:
    metadata, spec = found["metadata"], found.get("spec") or {}
    compared = ((found.get("status") or {}).get("sync") or {}).get("comparedTo") or {}
    message = ""
    if "deletionTimestamp" in metadata:
        message = "the Application is being deleted"
    elif seen.phase in _BUSY:
        message = f"sync of {seen.attempted[:12]} is {seen.phase}: {seen.words}"
    elif "operation" in found:
        message = "a sync is about to begin"
    elif _REFRESH in _annotations(found):
        message = "a refresh was asked for and isn't done yet"
    elif _differs(compared.get("source"), spec.get("source")):
        message = "the Application was changed and isn't compared anew yet"
    return (DeliveryState.PENDING, message) if message else None


def _goes_on(found: Fields, seen: _Seen) -> bool:
    """It compares or syncs, or will: after a failure it only waits to try again."""
    begun = seen.phase in _BUSY or "operation" in found
    failed = seen.retried or seen.phase in _FAILED
    return (begun or seen.automated) and not (failed or "deletionTimestamp" in found["metadata"])


def _annotations(found: Fields) -> Fields:
    return found["metadata"].get("annotations") or {}


def _differs(compared: Fields | None, wanted: Fields | None) -> bool:
    if not compared or not wanted:
        return False
    return any(
        compared.get(key) != wanted.get(key) for key in ("repoURL", "path", "targetRevision")
    )


def _outcome(seen: _Seen) -> tuple[DeliveryState, str]:
    if seen.sync == "Synced" and seen.reached:
        return DeliveryState.APPLIED, seen.words
    if not seen.reached:
        at = seen.revision[:12] or "no commit"
        return DeliveryState.PENDING, f"still at {at}, {seen.sync}; it polls every few minutes"
    message = f"{seen.sync} at {seen.revision[:12]}"
    if not seen.automated:
        message += "; automated sync is off: turn it on, or sync by hand"
    elif seen.phase in _FAILED:
        message += f"; the last sync, of {seen.attempted[:12]}, {seen.phase}: {seen.words}"
    return DeliveryState.PENDING, message
