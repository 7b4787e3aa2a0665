"""What every class of the model shares: its configuration, and rules across fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict
from pydantic_core import PydanticCustomError

T = TypeVar("T")

BROKEN_RULES = "broken_rules"
"""Type of the pydantic error that carries `Broken` details in its context."""


_SPELT = {"db": "DB"}
"""Words that a field's name writes in another way: `sampleDB`."""


def alias(attribute: str) -> str:
    """The name of a field in a document: `sql_config_map_ref` → `sqlConfigMapRef`."""
    first, *rest = attribute.rstrip("_").split("_")
    return first + "".join(_SPELT.get(word, word.capitalize()) for word in rest)


CONFIG = ConfigDict(
    extra="forbid",
    alias_generator=alias,
    validate_by_name=True,
    defer_build=True,
    allow_inf_nan=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that a pattern or a limit can't say, in CEL and in Python.

    Both must agree: a test gives each rule values that keep it and that break it.
    """

    cel: str
    """True when the rule is kept; `self` is the object whose class holds the rule."""
    holds: Callable[[Any], bool]
    """The same over the parsed object."""
    message: str
    """Follows the field's path: `must be …`."""
    field: str = ""
    """The field of the object that is to blame, as written in a document."""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that was broken: by which field of the object, and how."""

    message: str
    field: str = ""
    value: object = ""
    remedy: str = ""


def shared(cls: Callable[[], T]) -> Callable[[], T]:
    """A default factory that makes one object and gives it to everybody: it is frozen."""
    return cache(cls)


class Checked:
    """Base of the classes that have rules; they are checked as an object is made."""

    __slots__ = ()
    rules: ClassVar[tuple[Rule, ...]] = ()
    """Rules that the CRD has too."""

    def extra(self) -> tuple[Broken, ...]:
        """Rules that CEL can't express."""
        return ()

    def __post_init__(self) -> None:
        """Raise a pydantic error that carries every broken rule."""
        broken = [self._broken(rule) for rule in self.rules if not rule.holds(self)]
        broken += self.extra()
        if broken:
            raise PydanticCustomError(BROKEN_RULES, "rules are broken", {"broken": broken})

    def _broken(self, rule: Rule) -> Broken:
        value = next((getattr(self, name) for name in dir(self) if alias(name) == rule.field), "")
        shown = value if isinstance(value, str) else ""
        return Broken(message=rule.message, field=rule.field, value=shown, remedy=rule.remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRule:
    """A rule over a change, in CEL and in Python; `field` is relative to the class's object."""

    cel: str
    """True when the change is allowed; `self` is the new object, `oldSelf` the old one."""
    holds: Callable[[Any, Any], bool]
    """The same over the old and the new parsed object, in this order."""
    message: str
    field: str
    remedy: str
