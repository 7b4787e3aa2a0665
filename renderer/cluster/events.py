"""Events on a SampleDB: one object for the same words, counted, as kubectl shows them."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from renderer.cluster.client import Cluster, Object
from renderer.cluster.failure import AlreadyExistsError, NotFoundError
from renderer.cluster.kinds import EVENTS, SAMPLEDBS
from renderer.core.conditions import timestamp
from renderer.core.errors import SampleDBError

log = logging.getLogger(__name__)

_MESSAGE_LIMIT = 1024
"""Bytes; the API server takes no more of an Event in the newer form (events.k8s.io/v1)."""
_REMEMBERED = 4096
_SECONDS = 5.0
"""An Event is not worth a longer wait."""
_COMPONENT = "sampledb-renderer"


class Severity(Enum):
    """`type` of an Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """An Event that was sent, and how often it was told."""

    sent: Object
    count: int


class Recorder:
    """Tells Events; a failure to tell one is logged and never stops the work."""

    def __init__(
        self,
        cluster: Cluster,
        instance: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Tell them in the name of `instance`, for example the Pod's name."""
        self._cluster = cluster
        self._instance = instance
        self._now = now
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._lock = threading.Lock()

    def tell(
        self,
        about: Object,
        severity: Severity,
        reason: str,
        message: str,
        *,
        action: str = "Reconcile",
    ) -> None:
        """Tell `message` about an object; the same again only raises the count.

        `reason` and `action` are CamelCase words of at most 128 characters.
        """
        event = self._event(about, severity, reason, message, action)
        name = event["metadata"]["name"]
        with self._lock:
            told = self._told.pop(name, None)
        # Without the lock: nobody waits while another one's Event is on its way.
        try:
            told = self._again(told) if told else self._first(event)
        except SampleDBError as error:
            log.warning("the Event %s could not be told: %s", reason, error)
            return
        with self._lock:
            self._told[name] = told
            while len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)

    def _first(self, event: Object) -> _Told:
        try:
            return _Told(sent=self._cluster.create(EVENTS, event, seconds=_SECONDS), count=1)
        except AlreadyExistsError:  # told by this controller's last life
            metadata = event["metadata"]
            there = self._cluster.get(EVENTS, metadata["namespace"], metadata["name"])
            return self._again(_Told(sent=there, count=_count(there)))

    def _again(self, told: _Told) -> _Told:
        count = told.count + 1
        change: Object = {"count": count, "lastTimestamp": timestamp(self._now())}
        try:
            sent = self._cluster.patch(EVENTS, told.sent, change)
        except NotFoundError:  # Events are kept for an hour
            metadata = {key: told.sent["metadata"][key] for key in ("namespace", "name")}
            last = change["lastTimestamp"]
            again = {"count": 1, "firstTimestamp": last, "lastTimestamp": last}
            event = told.sent | again | {"metadata": metadata}
            return _Told(sent=self._cluster.create(EVENTS, event, seconds=_SECONDS), count=1)
        return replace(told, sent=sent, count=count)

    def _event(
        self, about: Object, severity: Severity, reason: str, message: str, action: str
    ) -> Object:
        metadata = about["metadata"]
        short = message.encode()[:_MESSAGE_LIMIT].decode("utf-8", "ignore")
        parts = (metadata.get("uid", ""), severity.value, reason, short)
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        now = timestamp(self._now())
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {
                "namespace": metadata["namespace"],
                "name": f"{metadata['name']}.{digest}",
            },
            "involvedObject": {
                "apiVersion": about.get("apiVersion") or SAMPLEDBS.api_version,
                "kind": about.get("kind") or SAMPLEDBS.kind,
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata.get("uid", ""),
            },
            "type": severity.value,
            "reason": reason,
            "action": action,
            "message": short,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": _COMPONENT},
            "reportingComponent": _COMPONENT,
            "reportingInstance": self._instance[:128],
        }


def _count(event: Object) -> int:
    return int(event.get("count") or 1)
