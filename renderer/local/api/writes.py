"""How a request wants to write or delete, and what a list answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from renderer.local.api.errors import Object
    from renderer.local.api.history import Entry

Subresource = Literal["", "status"]


class PatchKind(StrEnum):
    """The media types of a PATCH."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """How to write: the query parameters of a request.

    `validation` is Ignore, Warn or Strict about unknown fields; warnings are
    appended to `warnings`. `manager` and `force` belong to server-side apply.
    """

    dry_run: bool = False
    validation: str = "Ignore"
    manager: str = "unknown"
    force: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How to delete: the body of a DELETE.

    `propagation` is Background, Foreground or Orphan. `grace` is the seconds a
    running Pod gets (None: its own setting); 0 removes it at once. `uid` and
    `version` are preconditions.
    """

    propagation: str = "Background"
    grace: int | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def copied(value: Object) -> Object:
    """A deep copy of JSON values."""
    result: Object = orjson.loads(orjson.dumps(value))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A consistent list: entries in the order of namespace and name, at one version."""

    version: int
    entries: Sequence[Entry]

    @property
    def items(self) -> list[Object]:
        """Copies for the caller."""
        return [entry.object for entry in self.entries]
