"""The rules of `spec.resources`, which are those of a container's resources."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

from renderer.core.errors import InvalidError
from renderer.core.resource import quantity
from renderer.core.resource.model import Broken

_KEYS = ("requests", "limits", "claims")


def problems(resources: Mapping[str, object]) -> tuple[Broken, ...]:
    """Say what is wrong: keys, quantities, and a request above its limit."""
    if not resources:
        return ()
    unknown = tuple(_unknown(key) for key in resources if key not in _KEYS)
    wrong = tuple(found for key in ("requests", "limits") for found in _wrong(key, resources))
    return (*unknown, *wrong) or _above(resources)


def _unknown(key: str) -> Broken:
    close = difflib.get_close_matches(key, _KEYS, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"use {', '.join(_KEYS)}"
    return Broken(message="is not a field of resources", field=f"resources.{key}", remedy=remedy)


def _wrong(key: str, resources: Mapping[str, object]) -> list[Broken]:
    amounts = resources.get(key, {})
    if not isinstance(amounts, dict):
        return [
            Broken(
                message="must be a mapping",
                field=f"resources.{key}",
                value=amounts,
                remedy="write cpu and memory below it, for example memory: 1Gi",
            )
        ]
    return [
        Broken(
            message="must be a quantity, not negative",
            field=f"resources.{key}.{name}",
            value=amount,
            remedy="write for example 500m for cpu, 1Gi for memory",
        )
        for name, amount in amounts.items()
        if not _is_amount(amount)
    ]


def _is_amount(amount: object) -> bool:
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return False
    if isinstance(amount, float) and not math.isfinite(amount):
        return False
    try:
        return quantity.parse(str(amount)) >= 0
    except InvalidError:
        return False


def _above(resources: Mapping[str, object]) -> tuple[Broken, ...]:
    requests, limits = resources.get("requests"), resources.get("limits")
    if not isinstance(requests, dict) or not isinstance(limits, dict):
        return ()
    return tuple(
        Broken(
            message=f"must not be above its limit {limits[name]}",
            field=f"resources.requests.{name}",
            value=amount,
            remedy="lower the request, or raise the limit",
        )
        for name, amount in requests.items()
        if name in limits and quantity.parse(str(amount)) > quantity.parse(str(limits[name]))
    )
