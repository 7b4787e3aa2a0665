"""From a request to an answer: who, may they, what, and the faults of a test."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from renderer.local.api import (
    access,
    bodies,
    discovery,
    errors,
    faults,
    openapi,
    podlogs,
    verbs,
    watching,
)
from renderer.local.api.faults import Faults
from renderer.local.api.paging import Pages
from renderer.local.api.request import Request, Response, json_response, split_url, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from renderer.local.api.access import Authorizer, User
    from renderer.local.api.podlogs import Follow, Source
    from renderer.local.api.request import Target
    from renderer.local.api.store import Store
    from renderer.local.api.watching import Lines

    Stream = Lines | Follow

_log = logging.getLogger(__name__)
_PUBLIC = ("/healthz", "/livez", "/readyz")
_NOT_FOUND = Response(body=b"404 page not found\n", code=404, content_type="text/plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What is served, to whom; `ending` tells the watches to end."""

    store: Store
    tokens: Mapping[str, User]
    authorizer: Authorizer
    ending: Callable[[], bool]
    logs: Source = lambda _namespace, _pod, _container: ""
    """What a container has written."""
    faults: Faults = field(default_factory=Faults)
    pages: Pages = field(init=False)

    def __post_init__(self) -> None:
        """Pages belong to the store."""
        object.__setattr__(self, "pages", Pages(self.store))

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Response | Stream:
        """One answer to one request; raises `Hangup` when a fault wants none."""
        try:
            return self._answer(method, url, headers, body)
        except errors.ApiError as error:
            return _refusal(error)
        except faults.Hangup:
            raise
        except Exception as error:  # noqa: BLE001  # a bug must answer 500, not cut the connection
            _log.exception("%s %s failed", method, url)
            return _refusal(errors.internal(f"{type(error).__name__}: {error}"))

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Response | Stream:
        path, query = split_url(url)
        if path in _PUBLIC:
            return Response(body=b"ok", content_type="text/plain")
        user = self._user(headers.get("authorization", ""))
        request = Request(
            method=method, path=path, query=query, headers=headers, body=body, user=user
        )
        target = target_of(self.store.resources, path)
        if target is not None:
            return self._resource(request, target)
        if user == access.ANONYMOUS:
            raise access.refused_path(user, method, path)
        return self._document(request)

    def _user(self, header: str) -> User:
        if not header:
            return access.ANONYMOUS
        user = self.tokens.get(access.token_of(header))
        if user is None:
            raise errors.unauthorized()
        return user

    def _resource(self, request: Request, target: Target) -> Response | Stream:
        action = access.action_of(request, target)
        fault = self.faults.take(target, action.verb)
        if fault is not None and not fault.after:
            faults.happen(fault)
        if not self.authorizer.allows(request.user, action):
            raise access.refusal(request.user, action, target)
        if request.method == "GET" and request.flag("watch"):
            return watching.lines(self.store, request, target, self.ending)
        if podlogs.is_log(request, target):
            return podlogs.respond(self.logs, self.store, request, target, self.ending)
        response = verbs.respond(self.store, self.pages, request, target)
        if fault is not None and fault.after:
            faults.happen(fault)
        return response

    def _document(self, request: Request) -> Response:
        if request.method == "POST" and request.path == access.REVIEWS:
            return self._review(request)
        if request.method != "GET":
            return _NOT_FOUND
        found = discovery.document(self.store.resources, request.path, request.accept)
        if found is not None:
            return Response(body=orjson.dumps(found[0]), content_type=found[1])
        schema = openapi.document(self.store.resources, request.path)
        return _NOT_FOUND if schema is None else json_response(schema)

    def _review(self, request: Request) -> Response:
        """SelfSubjectAccessReview: `kubectl auth can-i`."""
        review = bodies.read(request)
        action = access.reviewed(review.get("spec", {}).get("resourceAttributes") or {})
        allowed = self.authorizer.allows(request.user, action)
        return json_response(review | {"status": {"allowed": allowed}}, 201)


def _refusal(error: errors.ApiError) -> Response:
    seconds = (error.details or {}).get("retryAfterSeconds")
    headers = (("Retry-After", str(seconds)),) if seconds else ()
    return Response(body=orjson.dumps(error.status()), code=error.code, headers=headers)
