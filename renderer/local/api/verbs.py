"""What each HTTP method does with a resource; everything is left to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from renderer.local.api import bodies, errors, printing, shown
from renderer.local.api.request import Response, json_response
from renderer.local.api.writes import DeleteOptions, PatchKind

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.paging import Pages
    from renderer.local.api.request import Request, Target
    from renderer.local.api.store import Store
    from renderer.local.api.writes import Subresource, Write

_CREATED = 201


def respond(store: Store, pages: Pages, request: Request, target: Target) -> Response:
    """Answer any request but a watch; raises `ApiError`."""
    if target.subresource not in {"", "status"} or (
        target.subresource == "status" and not target.resource.status
    ):
        message = "the server could not find the requested resource"
        raise errors.ApiError(404, "NotFound", message, details={})
    if request.method == "GET":
        return _get(store, request, target) if target.name else pages.respond(request, target)
    if request.method == "POST" and not target.name:
        return _create(store, request, target)
    if request.method == "PUT" and target.name:
        return _update(store, request, target)
    if request.method == "PATCH" and target.name:
        return _patch(store, request, target)
    if request.method == "DELETE" and not target.subresource:
        return (_delete if target.name else _delete_all)(store, request, target)
    raise errors.method_not_allowed()


def _get(store: Store, request: Request, target: Target) -> Response:
    entry = store.entry(target.resource, target.name, target.namespace)
    return Response(body=shown.one(target.resource, entry, request))


def _create(store: Store, request: Request, target: Target) -> Response:
    value, write = _object(request, target), request.write()
    created = store.create(target.resource, value, write)
    return _written(request, target, created, write, _CREATED)


def _update(store: Store, request: Request, target: Target) -> Response:
    value, write = _object(request, target), request.write()
    given = value["metadata"].setdefault("name", target.name)
    if given != target.name:
        message = (
            f"the name of the object ({given}) does not match the name on the URL ({target.name})"
        )
        raise errors.bad_request(message)
    updated = store.update(target.resource, value, write, subresource=_subresource(target))
    return _written(request, target, updated, write)


def _patch(store: Store, request: Request, target: Target) -> Response:
    try:
        kind = PatchKind(request.content_type)
    except ValueError:
        raise errors.unsupported_media_type(tuple(PatchKind)) from None
    body = bodies.yaml(request.body) if kind is PatchKind.APPLY else bodies.json(request.body)
    if kind is PatchKind.APPLY and "fieldManager" not in request.query:
        message = (
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: '
            "Required value: is required for apply patch"
        )
        raise errors.ApiError(422, "Invalid", message)
    write = request.write()
    new = not store.exists(target.resource, target.name, target.namespace)
    patched = store.patch(
        target.resource,
        target.name,
        body,
        namespace=target.namespace,
        kind=kind,
        write=write,
        subresource=_subresource(target),
    )
    return _written(request, target, patched, write, _CREATED if new else 200)


def _delete_all(store: Store, request: Request, target: Target) -> Response:
    """What the selectors choose of a namespace's collection."""
    options = _options(request)
    chosen = store.list(
        target.resource,
        target.namespace,
        label_selector=request.query.get("labelSelector", ""),
        field_selector=request.query.get("fieldSelector", ""),
    )
    for entry in chosen.entries:
        store.delete(target.resource, entry.name, entry.namespace, options)
    head = {"resourceVersion": str(store.version)}
    return Response(body=shown.several(target.resource, chosen.entries, head, request))


def _options(request: Request) -> DeleteOptions:
    body = bodies.read(request) if request.body else {}
    wanted = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", request.query.get("gracePeriodSeconds"))
    dry_run = body.get("dryRun") or request.query.get("dryRun")
    given = body.get("propagationPolicy") or request.query.get("propagationPolicy")
    if given not in {None, "Background", "Foreground", "Orphan"}:
        message = (
            'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: '
            f'"{given}": supported values: "Background", "Foreground", "Orphan"'
        )
        raise errors.ApiError(422, "Invalid", message)
    return DeleteOptions(
        propagation=given or "Background",
        grace=None if grace is None else int(grace),
        uid=wanted.get("uid") or "",
        version=wanted.get("resourceVersion") or "",
        dry_run=bool(dry_run),
    )


def _delete(store: Store, request: Request, target: Target) -> Response:
    last = store.delete(target.resource, target.name, target.namespace, _options(request))
    if "deletionTimestamp" in last["metadata"] or target.resource.key == "pods":
        return json_response(last)
    details: Object = {
        "name": target.name,
        "group": target.resource.group,
        "kind": target.resource.plural,
        "uid": last["metadata"]["uid"],
    }
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return json_response(body | {"details": {k: v for k, v in details.items() if v}})


def _subresource(target: Target) -> Subresource:
    return "status" if target.subresource == "status" else ""


def _written(
    request: Request, target: Target, value: Object, write: Write, code: int = 200
) -> Response:
    entry = printing.loose_entry(value)
    body = shown.one(target.resource, entry, request)
    return json_response(orjson.loads(body), code, tuple(write.warnings))


def _object(request: Request, target: Target) -> Object:
    value = bodies.read(request)
    if not isinstance(value, dict):
        message = "the object provided is unrecognized (must be of type object)"
        raise errors.bad_request(message)
    head = value.setdefault("metadata", {}) or {}
    if not isinstance(head, dict):
        message = "json: cannot unmarshal into Go struct field .metadata"
        raise errors.bad_request(message)
    value["metadata"] = head
    if target.resource.namespaced:
        given = head.get("namespace") or target.namespace
        if given != target.namespace:
            message = (
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
            raise errors.bad_request(message)
        head["namespace"] = target.namespace
    return value
