"""The patch types other than server-side apply.

Sources: RFC 7386 (merge patch) and RFC 6902 (JSON patch).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from renderer.local.api import errors, strategic
from renderer.local.api.writes import PatchKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType


def patched(resource: ResourceType, old: Object, body: object, kind: PatchKind) -> Object:
    """`old` changed by the patch; 400 when the patch can't be read, 422 when it can't be done."""
    new = _changed(resource, old, body, kind)
    name, given = old["metadata"]["name"], (new.get("metadata") or {}).get("name")
    if given != name:
        message = f"the name of the object ({given}) does not match the name on the URL ({name})"
        raise errors.bad_request(message)
    return new


def _changed(resource: ResourceType, old: Object, body: object, kind: PatchKind) -> Object:
    if kind is PatchKind.JSON:
        return _json_patch(resource, old, body)
    if not isinstance(body, dict):
        message = "error decoding patch: json: cannot unmarshal into a map"
        raise errors.bad_request(message)
    if kind is PatchKind.STRATEGIC:
        if resource.custom is not None:
            accepted = (PatchKind.JSON, PatchKind.MERGE, PatchKind.APPLY)
            raise errors.unsupported_media_type(accepted)
        return strategic.patched(old, body)
    merged = merge(old, body)
    return merged if isinstance(merged, dict) else old


def merge(old: object, patch: object) -> Any:  # noqa: ANN401  # JSON: any value
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _json_patch(resource: ResourceType, old: Object, body: object) -> Object:
    if not isinstance(body, list):
        message = "error decoding patch: json: cannot unmarshal object into a list of operations"
        raise errors.bad_request(message)
    result: Any = old
    for operation in body:
        try:
            result = _step(result, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            # The real server answers 422 with the reason Invalid for a patch that doesn't fit.
            message = f"the server rejected our request due to an error in our request: {error}"
            details = {"name": old["metadata"]["name"], "kind": resource.plural}
            raise errors.ApiError(422, "Invalid", message, details=details) from error
    return result if isinstance(result, dict) else old


def _step(value: Any, operation: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON: any value
    name, path = operation["op"], _pointer(operation["path"])
    if name == "test":
        if _look(value, path) != operation.get("value"):
            message = f"testing value {operation['path']} failed"
            raise ValueError(message)
        return value
    if name in {"move", "copy"}:
        source = _pointer(operation["from"])
        moved = orjson.loads(orjson.dumps(_look(value, source)))
        without = _remove(value, source) if name == "move" else value
        return _add(without, path, moved)
    if name == "remove":
        return _remove(value, path)
    if name == "replace":
        _look(value, path)
        return _replace(value, path, operation["value"])
    if name == "add":
        return _add(value, path, operation["value"])
    message = f"unexpected kind: {name}"
    raise ValueError(message)


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _look(value: Any, path: list[str]) -> Any:  # noqa: ANN401  # JSON: any value
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _add(value: Any, path: list[str], new: object) -> Any:  # noqa: ANN401  # JSON: any value
    if not path:
        return new
    parent, last = _look(value, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), new)
    else:
        parent[last] = new
    return value


def _replace(value: Any, path: list[str], new: object) -> Any:  # noqa: ANN401  # JSON: any value
    if not path:
        return new
    parent, last = _look(value, path[:-1]), path[-1]
    parent[int(last) if isinstance(parent, list) else last] = new
    return value


def _remove(value: Any, path: list[str]) -> Any:  # noqa: ANN401  # JSON: any value
    parent, last = _look(value, path[:-1]), path[-1]
    del parent[int(last) if isinstance(parent, list) else last]
    return value
