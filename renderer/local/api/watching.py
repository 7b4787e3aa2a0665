"""Watches: a chunked stream of events, with bookmarks and an end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson

from renderer.local.api import errors, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from renderer.local.api.history import Event, Subscription
    from renderer.local.api.request import Request, Target
    from renderer.local.api.resources import ResourceType
    from renderer.local.api.store import Store

_LONGEST_SECONDS = 3600
_LOOK_SECONDS = 0.25
"""How often a quiet watch looks whether it has to end."""


def lines(store: Store, request: Request, target: Target, ending: Callable[[], bool]) -> Lines:
    """Subscribe, so that errors come before the first byte, and give the stream."""
    _refuse_unsupported(request)
    since: int | None = request.number("resourceVersion") or None
    if since is not None and since > store.version:
        raise errors.too_large(since, store.version)
    fields = request.query.get("fieldSelector", "")
    if target.name:
        fields = ",".join(part for part in (fields, f"metadata.name={target.name}") if part)
    return Lines(
        lambda: store.watch(
            target.resource,
            target.namespace,
            since=since,
            label_selector=request.query.get("labelSelector", ""),
            field_selector=fields,
        ),
        request,
        target.resource,
        ending,
    )


def _refuse_unsupported(request: Request) -> None:
    if request.flag("sendInitialEvents"):
        # What a server without the WatchList feature answers.
        message = (
            'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: '
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        )
        causes = [
            {
                "reason": "FieldValueForbidden",
                "message": message.partition("invalid: sendInitialEvents: ")[2],
                "field": "sendInitialEvents",
            }
        ]
        details = {"group": "meta.k8s.io", "kind": "ListOptions", "causes": causes}
        raise errors.ApiError(422, "Invalid", message, details=details)


class Lines:
    """The lines of one watch."""

    def __init__(
        self,
        subscribe: Callable[[], Subscription],
        request: Request,
        resource: ResourceType,
        ending: Callable[[], bool],
    ) -> None:
        """`ending` tells when the server stops or drops its watches."""
        self._resource, self._ending = resource, ending
        self._request = request
        self._bookmarks = request.flag("allowWatchBookmarks")
        seconds = request.number("timeoutSeconds") or _LONGEST_SECONDS
        self._deadline = time.monotonic() + seconds
        self._refusal: errors.ApiError | None = None
        self._subscription: Subscription | None = None
        try:
            self._subscription = subscribe()
        except errors.ApiError as error:
            if error.code != 410:  # noqa: PLR2004  # Gone: told inside the stream
                raise
            self._refusal = error

    def __call__(self, bookmark_seconds: float) -> Iterator[bytes]:
        """Lines until the time is up; an empty one when there was nothing to send."""
        if self._subscription is None:
            body = self._refusal.status() if self._refusal is not None else {}
            yield _line("ERROR", orjson.dumps(body))
            return
        quiet_until = time.monotonic() + bookmark_seconds
        try:
            while not self._over():
                event = self._subscription.next(self._wait())
                if event is not None:
                    yield self._shown(event)
                elif self._bookmarks and time.monotonic() >= quiet_until:
                    quiet_until = time.monotonic() + bookmark_seconds
                    yield self._bookmark()
                else:
                    yield b""
            if self._bookmarks and not self._ending():
                yield self._bookmark()
        finally:
            self._subscription.close()

    def _over(self) -> bool:
        closed = self._subscription is None or self._subscription.closed
        return closed or self._ending() or time.monotonic() >= self._deadline

    def _wait(self) -> float:
        return max(min(_LOOK_SECONDS, self._deadline - time.monotonic()), 0.001)

    def _bookmark(self) -> bytes:
        version = self._subscription.bookmark() if self._subscription is not None else None
        if version is None:
            return b""
        value = {
            "kind": self._resource.kind,
            "apiVersion": self._resource.api_version,
            "metadata": {"resourceVersion": str(version), "creationTimestamp": None},
        }
        return _line("BOOKMARK", orjson.dumps(value))

    def _shown(self, event: Event) -> bytes:
        if shown.form(self._request) is shown.Form.WHOLE:
            return _line(event.type, event.data)
        return _line(event.type, shown.one(self._resource, event.entry, self._request))


def _line(kind: str, data: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + data + b"}\n"
