"""Amounts as Kubernetes writes them (k8s.io/apimachinery/pkg/api/resource)."""

from __future__ import annotations

import re
from decimal import Decimal

PATTERN = re.compile(
    r"(?P<number>[+-]?(\d+\.?\d*|\.\d+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?"
)
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


class Quantity:
    """An amount as Kubernetes writes it (`10Gi`, `500m`)."""

    def __init__(self, text: str) -> None:
        """Raises ValueError when it isn't one."""
        match = PATTERN.fullmatch(text)
        if match is None:
            message = f"{text!r} is not a quantity"
            raise ValueError(message)
        number, suffix = Decimal(match["number"]), match["suffix"] or ""
        if suffix in _BINARY:
            self.value = number * 1024 ** _BINARY[suffix]
        elif suffix in _POWERS:
            self.value = number * Decimal(10) ** _POWERS[suffix]
        else:
            self.value = number * Decimal(10) ** int(suffix[1:] or 0)

    def __eq__(self, other: object) -> bool:
        """By value: 1Ki equals 1024."""
        return isinstance(other, Quantity) and self.value == other.value

    def __hash__(self) -> int:
        """By value."""
        return hash(self.value)
