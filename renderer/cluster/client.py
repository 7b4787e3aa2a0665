"""What we ask of the API server: the verbs that our account has, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from kubernetes.client import Configuration

from renderer.cluster import kinds
from renderer.cluster.connection import configure
from renderer.cluster.failure import AlreadyExistsError, ExpiredError, from_status
from renderer.cluster.kinds import Resource
from renderer.cluster.transport import JSON, MERGE_PATCH, READ_SECONDS, Stream, Transport
from renderer.core.errors import transient

Object = dict[str, Any]
"""An object of the API, as JSON gives it."""
Trim = Callable[[Object], Object]

PAGE = 500
_LISTS = 3
_METADATA = "application/json;as={form};g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a LIST."""

    items: list[Object]
    resource_version: str
    proceed: str
    """The continue token; "" on the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which objects of a resource: everything when empty."""

    namespace: str = ""
    labels: str = ""
    """A label selector, for example `sampledb.dev/name`."""


EVERYTHING = Scope()


class Cluster:
    """One cluster, through its API server. Thread-safe."""

    def __init__(self, transport: Transport) -> None:
        """Use `transport`; see `connect`."""
        self._transport = transport

    @classmethod
    def connect(cls, kubeconfig: Path | None = None, context: str | None = None) -> Cluster:
        """Read the kubeconfig (or the Pod's own account); no request is made yet.

        Raises `InvalidError` when there is none or it is broken.
        """
        return cls(Transport(configure(kubeconfig, context)))

    @classmethod
    def at(cls, server: str, *, token: str = "") -> Cluster:
        """Use the API server at a URL, for example `http://127.0.0.1:8001`."""
        key = {"BearerToken": f"Bearer {token}"} if token else {}
        return cls(Transport(Configuration(host=server, api_key=key)))

    @property
    def server(self) -> str:
        """The API server's URL, for messages."""
        return self._transport.server

    @property
    def clock_ahead(self) -> timedelta:
        """How far our clock is ahead of the API server's, by its last answers."""
        return self._transport.clock_ahead

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def get(
        self, resource: Resource, namespace: str, name: str, *, seconds: float = READ_SECONDS
    ) -> Object:
        """One object. Raises `NotFoundError`."""
        path = resource.path(namespace=namespace, name=name)
        asked = _asked("get", resource, namespace, name)
        return self._transport.send("GET", path, asked=asked, seconds=seconds)

    def pages(
        self, resource: Resource, scope: Scope = EVERYTHING, *, limit: int = PAGE
    ) -> Iterator[Page]:
        """The pages of one LIST, consistent with each other. Raises `ExpiredError` (410)."""
        proceed = ""
        while True:
            page = self._page(resource, scope, limit, proceed)
            yield page
            proceed = page.proceed
            if not proceed:
                return

    def list(
        self, resource: Resource, scope: Scope = EVERYTHING, *, trim: Trim | None = None
    ) -> tuple[list[Object], str]:
        """Every object and the list's resourceVersion; begun again when it expires half-way.

        `trim` is applied to each object as its page comes, so that the rest is freed.
        """
        for attempt in range(_LISTS):
            # The last attempt asks for all at once: one answer can't expire half-way.
            limit = PAGE if attempt < _LISTS - 1 else 0
            found: list[Object] = []
            try:
                for page in self.pages(resource, scope, limit=limit):
                    found += page.items if trim is None else map(trim, page.items)
                    version = page.resource_version
            except ExpiredError:
                continue
            return found, version
        raise transient(
            "the list expired each time before its last page",
            field=_asked("list", resource, scope.namespace),
            remedy="this is tried again later",
        )

    def _page(self, resource: Resource, scope: Scope, limit: int, proceed: str) -> Page:
        query = _query(scope)
        if limit:
            query["limit"] = str(limit)
        if proceed:
            query["continue"] = proceed
        answer: Object = self._transport.send(
            "GET",
            resource.path(namespace=scope.namespace),
            asked=_asked("list", resource, scope.namespace),
            query=query,
            accept=_accept(resource, "PartialObjectMetadataList"),
        )
        metadata = answer.get("metadata") or {}
        return Page(
            items=answer.get("items") or [],
            resource_version=str(metadata.get("resourceVersion", "")),
            proceed=str(metadata.get("continue") or ""),
        )

    def watch(
        self, resource: Resource, scope: Scope, *, since: str, lasting: int, silence: float
    ) -> Stream:
        """The changes after resourceVersion `since`, with bookmarks.

        The server ends it after `lasting` seconds; it breaks after `silence` seconds
        without a byte. Raises `ExpiredError` when `since` is too old (it may also come
        as an ERROR event: see `raise_event`).
        """
        query = _query(scope) | {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(lasting),
        }
        return self._transport.stream(
            resource.path(namespace=scope.namespace),
            asked=_asked("watch", resource, scope.namespace),
            query=query,
            accept=_accept(resource, "PartialObjectMetadata"),
            seconds=silence,
        )

    def create(self, resource: Resource, body: Object, *, seconds: float = READ_SECONDS) -> Object:
        """Create an object. Raises `AlreadyExistsError`."""
        namespace = body["metadata"].get("namespace", "")
        name = body["metadata"].get("name", "")
        path = resource.path(namespace=namespace)
        asked = _asked("create", resource, namespace, name)
        return self._transport.send("POST", path, asked=asked, body=body, seconds=seconds)

    def replace(self, resource: Resource, body: Object, *, seconds: float = READ_SECONDS) -> Object:
        """Put an object in place of the one whose resourceVersion it has. `ConflictError`."""
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        path = resource.path(namespace=namespace, name=name)
        asked = _asked("update", resource, namespace, name)
        return self._transport.send("PUT", path, asked=asked, body=body, seconds=seconds)

    def patch(
        self,
        resource: Resource,
        seen: Object,
        change: Object,
        *,
        subresource: str = "",
        manager: str = "",
    ) -> Object:
        """Merge `change` into the object, if it is still at the version that was `seen`.

        `manager` is written beside the fields in `metadata.managedFields`; "" leaves the name
        to the API server.
        Raises `ConflictError` when somebody wrote in between, `NotFoundError` when it is gone.
        """
        metadata = seen["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        guard = {"resourceVersion": metadata["resourceVersion"]}
        body = change | {"metadata": change.get("metadata", {}) | guard}
        return self._transport.send(
            "PATCH",
            resource.path(namespace=namespace, name=name, subresource=subresource),
            asked=_asked("patch", resource, namespace, name, subresource),
            query={"fieldManager": manager} if manager else None,
            body=body,
            media=MERGE_PATCH,
        )

    def patch_status(self, resource: Resource, seen: Object, status: Object) -> Object:
        """Make the object's whole status `status`; no request when it is that already.

        Returns the object as it is now. Raises as `patch` does.
        """
        before = seen.get("status") or {}
        if before == status:
            return seen
        return self.patch(
            resource, seen, {"status": difference(before, status)}, subresource="status"
        )

    def set_finalizers(self, resource: Resource, seen: Object, names: Sequence[str]) -> Object:
        """Make the object's finalizers `names`; no request when they are. Raises as `patch`."""
        if list(seen["metadata"].get("finalizers") or ()) == list(names):
            return seen
        return self.patch(resource, seen, {"metadata": {"finalizers": list(names)}})

    def create_secret(self, manifest: Object) -> bool:
        """Create a Secret; False when one of that name is there already. Never read back."""
        try:
            self.create(kinds.SECRETS, manifest)
        except AlreadyExistsError:
            return False
        return True

    def log(
        self, namespace: str, pod: str, query: Mapping[str, str], *, silence: float = READ_SECONDS
    ) -> Iterator[bytes]:
        """A Pod's log; `query` is the API's (`container`, `follow`, `tailLines` …)."""
        path = kinds.PODS.path(namespace=namespace, name=pod, subresource="log")
        asked = _asked("get", kinds.PODS, namespace, pod, "log")
        return self._transport.pieces(path, asked=asked, query=query, seconds=silence)

    def uid(self) -> str:
        """The cluster's identity: the UID of the namespace kube-system."""
        found = self.get(kinds.NAMESPACES, "", "kube-system")
        return str(found["metadata"]["uid"])

    def version(self) -> str:
        """The API server's version, for example `v1.36.3`."""
        answer = self._transport.send("GET", "/version", asked="get /version")
        return str(answer.get("gitVersion", ""))


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """The JSON merge patch (RFC 7386) that turns `before` into `after`.

    A key that is gone becomes null: without that, a merge would keep it for ever.
    """
    patch: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            patch[key] = difference(old, value)
        else:
            patch[key] = value
    return patch


def raise_event(event: Object, resource: Resource) -> None:
    """Raise what an ERROR event of a watch says."""
    status = event.get("object") or {}
    code = int(status.get("code") or 500)
    raise from_status(code, status, asked=_asked("watch", resource, ""))


def _query(scope: Scope) -> dict[str, str]:
    return {"labelSelector": scope.labels} if scope.labels else {}


def _accept(resource: Resource, form: str) -> str:
    return _METADATA.format(form=form) if resource.metadata_only else JSON


def _asked(verb: str, resource: Resource, namespace: str, *names: str) -> str:
    kind = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
    which = "/".join(part for part in (namespace, *names) if part)
    return f"{verb} {kind} {which}".strip()
