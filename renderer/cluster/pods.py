"""Why a Pod isn't running or ready, and what its container left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from renderer.core.layout import HASH_ANNOTATION, ROLE_LABEL
from renderer.core.observed import Pod

Fields = Mapping[str, Any]

_STARTING = {"ContainerCreating", "PodInitializing"}
"""Waiting reasons of a start that goes well."""


def pod(item: Fields) -> Pod:
    """The facts of one Pod."""
    metadata, status = item["metadata"], item.get("status") or {}
    readiness = condition(status, "Ready")
    ready = readiness.get("status") == "True"
    return Pod(
        name=metadata["name"],
        role=(metadata.get("labels") or {}).get(ROLE_LABEL, ""),
        template_hash=(metadata.get("annotations") or {}).get(HASH_ANNOTATION, ""),
        phase=status.get("phase") or "Pending",
        ready=ready,
        deleting="deletionTimestamp" in metadata,
        message="" if ready else message(status),
        ready_at=moment(readiness.get("lastTransitionTime")) if ready else None,
    )


def moment(text: object) -> datetime | None:
    """An RFC 3339 time of the API; None when there is none."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def message(status: Fields) -> str:
    """The first reason that says most, in the scheduler's, kubelet's or container's words.

    It begins with the kubelet's reason, if there is one (`ImagePullBackOff: …`). "" when
    the Pod has succeeded, or nothing is wrong with it so far.
    """
    if status.get("phase") == "Succeeded":
        return ""
    found = (
        _pod_words(status)
        or next(_container_words(status), "")
        or _condition_words(status, "PodReadyToStartContainers")
        or _work_before(status)
        or _condition_words(status, "Initialized")
        or _condition_words(status, "ContainersReady")
        or _condition_words(status, "Ready")
    )
    return " ".join(found.split())


def condition(status: Fields, kind: str) -> Fields:
    """The condition of a type; {} when there is none."""
    for found in status.get("conditions") or ():
        if found.get("type") == kind:
            return found  # type: ignore[no-any-return]  # JSON
    return {}


def result(status: Fields) -> dict[str, object] | None:
    """The JSON object on the last line of a container's termination message, if any.

    What an init container says is half the work, and proves nothing.
    """
    for text in terminations(status):
        lines = text.strip().splitlines()
        try:
            found = orjson.loads(lines[-1]) if lines else None
        except orjson.JSONDecodeError:
            continue
        if isinstance(found, dict):
            return found
    return None


def terminations(status: Fields) -> Iterator[str]:
    """The termination message of each container that has ended, but for init containers."""
    for container in _containers(status, "containerStatuses"):
        for state in ("state", "lastState"):
            ended = (container.get(state) or {}).get("terminated") or {}
            if ended.get("message"):
                yield str(ended["message"])


def _pod_words(status: Fields) -> str:
    """What the scheduler says (Unschedulable), or why the kubelet gave the Pod up (Evicted)."""
    scheduled = condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        return _joined(scheduled.get("reason"), scheduled.get("message"))
    return _joined(status.get("reason"), status.get("message"))


def _container_words(status: Fields) -> Iterator[str]:
    for container in _containers(status, "initContainerStatuses", "containerStatuses"):
        state, last = container.get("state") or {}, container.get("lastState") or {}
        words = _waiting(state.get("waiting") or {}) or _ended(state.get("terminated") or {})
        before = _ended(last.get("terminated") or {})
        if words or (before and not container.get("ready")):
            said = "; last time: ".join(part for part in (words, before) if part)
            yield f"{said} (container {container.get('name', '')})"


def _work_before(status: Fields) -> str:
    """The init container that runs; the kubelet calls that an incomplete status."""
    for container in _containers(status, "initContainerStatuses"):
        if "running" in (container.get("state") or {}):
            return f"the init container {container.get('name', '')} is at work"
    return ""


def _waiting(waiting: Fields) -> str:
    reason = waiting.get("reason", "")
    if reason in _STARTING and not waiting.get("message"):
        return ""
    return _joined(reason, waiting.get("message"))


def _ended(terminated: Fields) -> str:
    code = terminated.get("exitCode", 0)
    if not terminated or code == 0:
        return ""
    said = str(terminated.get("message") or "").strip()
    how = f"signal {terminated['signal']}" if terminated.get("signal") else f"exit code {code}"
    reason = terminated.get("reason", "")
    head = f"{reason}, {how}" if reason and reason != "Error" else how
    return _joined(head, said)


def _condition_words(status: Fields, kind: str) -> str:
    found = condition(status, kind)
    return str(found.get("message") or "") if found.get("status") == "False" else ""


def _containers(status: Fields, *keys: str) -> Iterator[Fields]:
    for key in keys:
        yield from status.get(key) or ()


def _joined(reason: object, words: object) -> str:
    return ": ".join(str(part) for part in (reason, words) if part)
