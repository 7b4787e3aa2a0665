"""Kubernetes' strategic merge patch: a merge patch that merges the lists Kubernetes merges.

Source: k8s.io/apimachinery/pkg/util/strategicpatch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from renderer.local.api import listkeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from renderer.local.api.errors import Object

_PRIMITIVE = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"
_DIRECTIVE = "$patch"


def patched(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """`old` changed by the patch."""
    if patch.get(_DIRECTIVE) == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    result = dict(old)
    if _RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[_RETAIN]}
    changes = [item for item in patch.items() if not _directive(item[0])]
    for key, value in changes:
        if key.startswith(_PRIMITIVE):
            name = key.removeprefix(_PRIMITIVE)
            result[name] = [item for item in result.get(name) or () if item not in value]
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _strategic_value(key, result.get(key), value)
    _put_in_order(result, patch)
    return result


def _directive(key: str) -> bool:
    return key in {_DIRECTIVE, _RETAIN} or key.startswith(_ORDER)


def _put_in_order(result: Object, patch: Mapping[str, Any]) -> None:
    for key, order in patch.items():
        name = key.removeprefix(_ORDER)
        if name != key and isinstance(result.get(name), list):
            result[name] = _ordered(name, result[name], order)


def _strategic_value(key: str, old: object, value: object) -> Any:  # noqa: ANN401  # JSON: any value
    if isinstance(value, dict):
        return patched(old if isinstance(old, dict) else {}, value)
    if not isinstance(value, list):
        return value
    present = old if isinstance(old, list) else []
    if key in listkeys.SETS:
        return [*present, *(item for item in value if item not in present)]
    if not listkeys.keyed(key, [*present, *value]):
        return value
    return _strategic_list(key, present, value)


def _strategic_list(name: str, old: list[Any], patch: list[Any]) -> list[Any]:
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if item.get(_DIRECTIVE) != "replace"]
    result = {listkeys.identity(name, item): item for item in old}
    for item in patch:
        identity = listkeys.identity(name, item)
        if item.get(_DIRECTIVE) == "delete":
            result.pop(identity, None)
        else:
            result[identity] = patched(result.get(identity, {}), item)
    return list(result.values())


def _ordered(name: str, items: list[Any], order: list[Any]) -> list[Any]:
    if not all(isinstance(item, dict) for item in [*items, *order]):
        wanted = {value: place for place, value in enumerate(order)}
        return sorted(items, key=lambda item: wanted.get(item, len(wanted)))
    places = {listkeys.partial(name, item): place for place, item in enumerate(order)}
    last = len(places)
    return sorted(items, key=lambda item: places.get(listkeys.partial(name, item), last))
