"""Lists, whole or in pages: every page of one list comes from the same moment."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import orjson

from renderer.local.api import errors, selectors, shown
from renderer.local.api.request import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from renderer.local.api.errors import Object
    from renderer.local.api.history import Entry
    from renderer.local.api.request import Request, Target
    from renderer.local.api.store import Store

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)
_NOW = -1
"""The version in a token that goes on in the present state."""


class Pages:
    """The snapshots behind the continue tokens that are out."""

    def __init__(self, store: Store, kept: int = 64) -> None:
        """Keep the last `kept` snapshots; a token of an older one gets 410."""
        self._store, self._kept = store, kept
        self._snapshots: OrderedDict[tuple[str, int], Sequence[Entry]] = OrderedDict()
        self._lock = Lock()

    def expire(self) -> None:
        """Let every continue token that is out get 410."""
        with self._lock:
            self._snapshots.clear()

    def respond(self, request: Request, target: Target) -> Response:
        """Answer a list request."""
        token, limit = request.query.get("continue", ""), request.number("limit")
        if token:
            version, entries = self._rest(target, token)
        else:
            listing = self._store.list(target.resource)
            version, entries = listing.version, listing.entries
            _check_version(request, version)
        match = selectors.matching(
            target.resource,
            target.namespace,
            request.query.get("labelSelector", ""),
            request.query.get("fieldSelector", ""),
        )
        found = [entry for entry in entries if match(entry)]
        page = found[:limit] if limit else found
        head: Object = {"resourceVersion": str(version)}
        if len(page) < len(found):
            self._keep(target, version, entries)
            head["continue"] = _token(version, page[-1])
            if not (request.query.get("labelSelector") or request.query.get("fieldSelector")):
                head["remainingItemCount"] = len(found) - len(page)
        return Response(body=shown.several(target.resource, page, head, request))

    def _keep(self, target: Target, version: int, entries: Sequence[Entry]) -> None:
        key = (target.resource.key, version)
        with self._lock:
            if key not in self._snapshots:
                self._snapshots[key] = entries
            self._snapshots.move_to_end(key)
            while len(self._snapshots) > self._kept:
                self._snapshots.popitem(last=False)

    def _rest(self, target: Target, token: str) -> tuple[int, Sequence[Entry]]:
        version, after = _read(token)
        if version == _NOW:
            listing = self._store.list(target.resource)
            version, entries = listing.version, listing.entries
        else:
            with self._lock:
                kept = self._snapshots.get((target.resource.key, version))
            if kept is None:
                raise errors.expired(_TOO_OLD, token=_encode(_NOW, after))
            entries = kept
        return version, [entry for entry in entries if (entry.namespace, entry.name) > after]


def _check_version(request: Request, current: int) -> None:
    asked = request.number("resourceVersion")
    match = request.query.get("resourceVersionMatch", "")
    if asked > current:
        raise errors.too_large(asked, current)
    if match == "Exact" and asked != current:
        message = f"The resourceVersion for the provided list is too old: {asked}"
        raise errors.expired(message)


def _token(version: int, last: Entry) -> str:
    return _encode(version, (last.namespace, last.name))


def _encode(version: int, after: tuple[str, str]) -> str:
    text = orjson.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(after)})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read(token: str) -> tuple[int, tuple[str, str]]:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, _, name = value["start"].partition("/")
        return int(value["rv"]), (namespace, name)
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError) as error:
        message = f"continue key is not valid: {error}"
        raise errors.bad_request(message) from error
