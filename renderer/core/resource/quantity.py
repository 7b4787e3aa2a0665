"""Kubernetes quantities: exact values, and the one way in which the API server writes each.

Rules: k8s.io/apimachinery/pkg/api/resource (Quantity.CanonicalizeBytes).
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from renderer.core.errors import invalid

PATTERN = r"^(\+|-)?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE](\+|-)?[0-9]{1,2})?$"
"""What the API server reads as a quantity (exponents of at most two digits)."""

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_SPLIT = re.compile(r"([+-]?[0-9]*\.?[0-9]*)(.*)")
_NANO = Fraction(1, 10**9)


@lru_cache(maxsize=1024)
def parse(text: str) -> Fraction:
    """Return the exact value, in base units (bytes, cores). Raises `InvalidError`."""
    if not re.fullmatch(PATTERN[1:-1], text):
        raise invalid(
            "is not a Kubernetes quantity",
            value=text,
            remedy="write a number and a unit, for example 10Gi or 500m",
        )
    number, suffix = _parts(text)
    return number * _factor(suffix)


def canonical(text: str) -> str:
    """Return the form that the API server keeps as it is: `1024Mi` → `1Gi`, `1000m` → `1`.

    Fractions below one nano are rounded up, as Kubernetes does. Raises `InvalidError`.
    """
    value = parse(text)
    suffix = _parts(text)[1]
    if suffix in _BINARY[1:] and (value.denominator != 1 or abs(value) < 1024):  # noqa: PLR2004 - one Ki
        # A binary quantity below 1Ki, or with a fraction, is written as a decimal one.
        suffix = ""
    if suffix in _BINARY[1:]:
        return _binary(int(value))
    return _decimal(value, exponent=suffix[:1] in {"e", "E"} and len(suffix) > 1)


def _parts(text: str) -> tuple[Fraction, str]:
    match = _SPLIT.fullmatch(text)
    if match is None:  # pragma: no cover - PATTERN admits nothing else
        raise AssertionError(text)
    number = match[1].removesuffix(".")
    return Fraction(number), match[2]


def _factor(suffix: str) -> Fraction:
    if suffix in _DECIMAL:
        return Fraction(10) ** _DECIMAL[suffix]
    if suffix in _BINARY:
        return Fraction(1024) ** _BINARY.index(suffix)
    return Fraction(10) ** int(suffix[1:])


def _binary(value: int) -> str:
    power = 0
    while power < len(_BINARY) - 1 and value % 1024 == 0:
        value //= 1024
        power += 1
    return f"{value}{_BINARY[power]}"


def _decimal(value: Fraction, *, exponent: bool) -> str:
    nanos = -((-value) // _NANO) if value >= 0 else value // _NANO
    number, power = int(nanos), -9
    if number == 0:
        return "0"
    while power < max(_SUFFIX) and number % 1000 == 0:
        number //= 1000
        power += 3
    if exponent:
        return f"{number}e{power}" if power else str(number)
    return f"{number}{_SUFFIX[power]}"
