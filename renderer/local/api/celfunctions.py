"""The functions that Kubernetes adds to CEL, as far as schemas here use them.

Source: k8s.io/apiserver/pkg/cel/library (quantity, lists, regex, urls are its parts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celpy import celtypes

from renderer.local.api.quantity import PATTERN, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _is_quantity(text: object) -> celtypes.BoolType:
    return celtypes.BoolType(PATTERN.fullmatch(str(text)) is not None)


def _quantity(text: object) -> Quantity:
    return Quantity(str(text))


def _compare(left: Quantity, right: Quantity) -> celtypes.IntType:
    return celtypes.IntType((left.value > right.value) - (left.value < right.value))


def _less(left: Quantity, right: Quantity) -> celtypes.BoolType:
    return celtypes.BoolType(left.value < right.value)


def _greater(left: Quantity, right: Quantity) -> celtypes.BoolType:
    return celtypes.BoolType(left.value > right.value)


def _sign(value: Quantity) -> celtypes.IntType:
    return celtypes.IntType((value.value > 0) - (value.value < 0))


def _as_integer(value: Quantity) -> celtypes.IntType:
    return celtypes.IntType(int(value.value))


def _is_integer(value: Quantity) -> celtypes.BoolType:
    return celtypes.BoolType(value.value == value.value.to_integral_value())


def _text(function: Callable[[str], str]) -> Callable[[object], celtypes.StringType]:
    return lambda value: celtypes.StringType(function(str(value)))


def _split(value: object, separator: object) -> celtypes.ListType:
    parts = str(value).split(str(separator)) if str(separator) else list(str(value))
    return celtypes.ListType([celtypes.StringType(part) for part in parts])


def _replace(value: object, old: object, new: object) -> celtypes.StringType:
    return celtypes.StringType(str(value).replace(str(old), str(new)))


def _index_of(value: Any, item: Any) -> celtypes.IntType:  # noqa: ANN401  # a CEL value
    if isinstance(value, str):
        return celtypes.IntType(value.find(str(item)))
    return celtypes.IntType(value.index(item) if item in value else -1)


def _sum(values: Any) -> Any:  # noqa: ANN401  # a CEL value
    return sum(values[1:], values[0]) if values else celtypes.IntType(0)


def _min(values: Any) -> Any:  # noqa: ANN401  # a CEL value
    return min(values)


def _max(values: Any) -> Any:  # noqa: ANN401  # a CEL value
    return max(values)


def _join(values: Any, separator: object = "") -> celtypes.StringType:  # noqa: ANN401  # a CEL value
    return celtypes.StringType(str(separator).join(str(value) for value in values))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "asInteger": _as_integer,
    "compareTo": _compare,
    "indexOf": _index_of,
    "isGreaterThan": _greater,
    "isInteger": _is_integer,
    "isLessThan": _less,
    "isQuantity": _is_quantity,
    "join": _join,
    "lowerAscii": _text(str.lower),
    "max": _max,
    "min": _min,
    "quantity": _quantity,
    "replace": _replace,
    "sign": _sign,
    "split": _split,
    "sum": _sum,
    "trim": _text(str.strip),
    "upperAscii": _text(str.upper),
}
