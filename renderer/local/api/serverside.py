"""Server-side apply, simplified: who applied which fields, and what that means for a merge.

As in sigs.k8s.io/structured-merge-diff, a manager's set of fields is kept in
metadata.managedFields. Only apply managers are recorded, not plain updates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from renderer.local.api import errors, listkeys

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType
    from renderer.local.api.writes import Write

_UNOWNED: tuple[tuple[str, ...], ...] = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
)
_NOT_APPLIED = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation")


def configuration(resource: ResourceType, namespace: str, name: str, body: object) -> Object:
    """The applied document with its address filled in; 400 when it is of another object."""
    if not isinstance(body, dict):
        message = "error decoding YAML: the body must be one object"
        raise errors.bad_request(message)
    config: Object = orjson.loads(orjson.dumps(body))
    if not (config.get("apiVersion") and config.get("kind")):
        message = "error decoding YAML: apiVersion and kind must be set"
        raise errors.bad_request(message)
    head = config.setdefault("metadata", {})
    if head.get("managedFields"):
        message = "metadata.managedFields must be nil"
        raise errors.bad_request(message)
    if head.setdefault("name", name) != name:
        message = (
            f"the name of the object ({head['name']}) does not match the name on the URL ({name})"
        )
        raise errors.bad_request(message)
    if resource.namespaced:
        head.setdefault("namespace", namespace or "default")
    for field in _NOT_APPLIED:
        head.pop(field, None)
    return config


def applied(
    resource: ResourceType, config: Object, before: Object | None, how: Write, now: str
) -> Object:
    """`before` with the applied fields, and without those that this manager applied no more.

    Raises 409 with a cause for each field that another manager applied otherwise.
    """
    mine = _fields(config)
    for unowned in _UNOWNED:
        _forget(mine, [f"f:{part}" for part in unowned])
    entry = _managed(resource, how.manager, mine, now)
    if before is None:
        config["metadata"]["managedFields"] = [entry]
        return config
    others, previous = _split(before, how.manager)
    for other in others:
        clashes = _clashes(mine, other["fieldsV1"], config, before)
        if clashes and not how.force:
            raise _conflict(clashes, other["manager"])
        for path in clashes:
            _forget(other["fieldsV1"], path)
    result: Object = _merge(before, config, "")
    _prune(result, previous, [mine, *(other["fieldsV1"] for other in others)])
    if previous == mine:
        entry = next(
            item for item in before["metadata"]["managedFields"] if item["manager"] == how.manager
        )
    result["metadata"]["managedFields"] = [*(o for o in others if o["fieldsV1"]), entry]
    return result


def _managed(resource: ResourceType, manager: str, fields: Object, now: str) -> Object:
    return {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": resource.api_version,
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _split(before: Object, manager: str) -> tuple[list[Object], Object]:
    entries = before["metadata"].get("managedFields") or []
    mine: list[Object] = [entry for entry in entries if entry["manager"] == manager]
    others = [orjson.loads(orjson.dumps(e)) for e in entries if e["manager"] != manager]
    previous: Object = mine[0]["fieldsV1"] if mine else {}
    return others, previous


def _item_keys(name: str, items: list[Any]) -> list[str] | None:
    """The `k:`/`v:` keys of a list that is merged by item; None for a list that is one value."""
    if name in listkeys.SETS:
        return [f"v:{orjson.dumps(item).decode()}" for item in items]
    if not listkeys.keyed(name, items):
        return None
    found = []
    for item in items:
        names = listkeys.keys(name, [item])
        pairs = dict(zip(names, listkeys.identity(name, item), strict=True))
        found.append(f"k:{orjson.dumps(pairs, option=orjson.OPT_SORT_KEYS).decode()}")
    return found


def _fields(value: Object) -> Object:
    tree: Object = {}
    for key, item in value.items():
        tree[f"f:{key}"] = _subtree(key, item)
    return tree


def _subtree(name: str, value: object) -> Object:
    if isinstance(value, dict):
        return _fields(value)
    keys = _item_keys(name, value) if isinstance(value, list) else None
    if keys is None or not isinstance(value, list):
        return {}
    return {
        key: {".": {}, **_fields(item)} if isinstance(item, dict) else {}
        for key, item in zip(keys, value, strict=True)
    }


def _forget(tree: Object, path: list[str]) -> None:
    """Take a field out of a set, and the branches that become empty with it."""
    if path[0] not in tree:
        return
    if len(path) > 1:
        _forget(tree[path[0]], path[1:])
    if len(path) == 1 or not tree[path[0]]:
        del tree[path[0]]


_MISSING = object()


def _child(value: object, name: str, key: str) -> Any:  # noqa: ANN401  # JSON: any value
    """The value under a field-set key, in a dict or in a list merged by item."""
    if key.startswith("f:"):
        return value.get(key[2:], _MISSING) if isinstance(value, dict) else _MISSING
    if isinstance(value, list):
        keys = _item_keys(name, value) or []
        return value[keys.index(key)] if key in keys else _MISSING
    return _MISSING


def _clashes(mine: Object, theirs: Object, new: object, old: object) -> list[list[str]]:
    return _walk_clashes(mine, theirs, (new, old), "")


def _walk_clashes(
    mine: Object, theirs: Object, values: tuple[object, object], name: str
) -> list[list[str]]:
    found: list[list[str]] = []
    for key in mine.keys() & theirs.keys() - {"."}:
        new, old = (_child(value, name, key) for value in values)
        inner = key[2:] if key.startswith("f:") else ""
        if mine[key] and theirs[key]:
            below = _walk_clashes(mine[key], theirs[key], (new, old), inner)
            found += [[key, *path] for path in below]
        elif new is not _MISSING and new != old and not _shared(new, old):
            found.append([key])
    return sorted(found)


def _shared(new: object, old: object) -> bool:
    """An empty map takes nothing from another manager: maps are merged."""
    return isinstance(new, dict) and isinstance(old, dict)


def _conflict(paths: list[list[str]], manager: str) -> errors.ApiError:
    shown = ["".join(_shown(part) for part in path) for path in paths]
    number = f"{len(shown)} conflict{'s' if len(shown) > 1 else ''}"
    listed = shown[0] if len(shown) == 1 else "\n" + "\n".join(f"- {path}" for path in shown)
    separator = ": " if len(shown) == 1 else ":"
    plural = "s" if len(shown) > 1 else ""
    message = f'Apply failed with {number}: conflict{plural} with "{manager}"{separator}{listed}'
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{manager}"', "field": path}
        for path in shown
    ]
    return errors.ApiError(409, "Conflict", message, details={"causes": causes})


def _shown(part: str) -> str:
    if part.startswith("f:"):
        return f".{part[2:]}"
    if part.startswith("k:"):
        pairs = orjson.loads(part[2:]).items()
        return "[" + ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in pairs) + "]"
    return f"[={part[2:]}]"


def _merge(old: object, new: object, name: str) -> Any:  # noqa: ANN401  # JSON: any value
    if isinstance(new, dict):
        result = dict(old) if isinstance(old, dict) else {}
        for key, value in new.items():
            result[key] = _merge(result.get(key), value, key)
        return result
    if not isinstance(new, list) or not isinstance(old, list):
        return new
    new_keys, old_keys = _item_keys(name, new), _item_keys(name, old)
    if new_keys is None or old_keys is None:
        return new
    items = dict(zip(old_keys, old, strict=True))
    for key, value in zip(new_keys, new, strict=True):
        items[key] = _merge(items.get(key), value, "")
    return list(items.values())


def _prune(value: object, previous: Object, owned: list[Object]) -> None:
    """Remove what was applied before and is in nobody's set now."""
    _prune_at(value, previous, owned, "")


def _prune_at(value: object, previous: Object, owned: list[Object], name: str) -> None:
    for key, below in previous.items():
        if key == ".":
            continue
        child = _child(value, name, key)
        if child is _MISSING:
            continue
        still = [tree[key] for tree in owned if key in tree]
        if not still:
            _drop(value, name, key)
        elif below:
            _prune_at(child, below, still, key[2:] if key.startswith("f:") else "")


def _drop(value: Any, name: str, key: str) -> None:  # noqa: ANN401  # JSON: any value
    if isinstance(value, dict):
        del value[key[2:]]
        return
    place = (_item_keys(name, value) or []).index(key)
    del value[place]
