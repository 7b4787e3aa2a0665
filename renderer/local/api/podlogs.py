"""A Pod's log: what its containers have written, and with `follow` what they go on to write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from renderer.local.api import errors
from renderer.local.api.request import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from renderer.local.api.request import Request, Target
    from renderer.local.api.store import Store

    Source = Callable[[str, str, str], str]
    """(namespace, Pod, container) → what it has written."""

_LOOK_SECONDS = 0.1
_ENDED = {"Succeeded", "Failed"}


def is_log(request: Request, target: Target) -> bool:
    """Whether a request asks for a Pod's log."""
    return request.method == "GET" and (target.resource.key, target.subresource) == ("pods", "log")


def respond(
    source: Source, store: Store, request: Request, target: Target, ending: Callable[[], bool]
) -> Response | Follow:
    """Answer with the log; raises `ApiError` when there is no such Pod or container."""
    pod = store.get(target.resource, target.name, target.namespace)
    container = _container(pod["spec"], request, target.name)

    def read() -> bytes:
        return source(target.namespace, target.name, container).encode()

    text = read()
    start = 0
    if "tailLines" in request.query:
        kept = text.splitlines(keepends=True)[::-1][: request.number("tailLines")]
        start = len(text) - len(b"".join(kept))
    if not request.flag("follow"):
        return Response(body=text[start:], content_type="text/plain")

    def over() -> bool:
        if ending() or not store.exists(target.resource, target.name, target.namespace):
            return True
        found = store.get(target.resource, target.name, target.namespace)
        return (found.get("status") or {}).get("phase") in _ENDED

    return Follow(read, start, over)


class Follow:
    """The log from `start` on, until `over` says that nothing more comes."""

    def __init__(self, read: Callable[[], bytes], start: int, over: Callable[[], bool]) -> None:
        """Nothing is read before it is called."""
        self._read, self._start, self._over = read, start, over

    def __call__(self, _bookmark_seconds: float) -> Iterator[bytes]:
        """What is new, piece by piece; an empty one when there was nothing to send."""
        sent = self._start
        while True:
            last = self._over()
            text = self._read()
            yield text[sent:]
            sent = len(text)
            if last:
                return
            time.sleep(_LOOK_SECONDS)


def _container(spec: dict[str, Any], request: Request, pod: str) -> str:
    names = [str(each["name"]) for each in spec["containers"]]
    before = [str(each["name"]) for each in spec.get("initContainers") or ()]
    wanted = request.query.get("container", "")
    if not wanted and len(names) > 1:
        there = " ".join(names)
        message = f"a container name must be specified for pod {pod}, choose one of: [{there}]"
        raise errors.bad_request(message)
    if wanted and wanted not in (*names, *before):
        message = f"container {wanted} is not valid for pod {pod}"
        raise errors.bad_request(message)
    return wanted or names[0]
