"""What is to be written for one SampleDB, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from renderer.core.errors import SampleDBError


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The wanted content of one directory, with the reason for it.

    The directory is owned whole: a file there that `files` does not name is removed.
    """

    key: str
    """`namespace/name`, for messages."""
    directory: str
    """From the repository's root, without a slash at either end."""
    files: Mapping[str, bytes] | None
    """File name (flat, no slash) to content; None removes the directory."""
    based_on: str | None
    """Tree id of `directory` when this was decided; None when it was absent."""
    subject: str
    beside: Mapping[str, bytes | None] = field(default_factory=dict)
    """Single files elsewhere below the path, from the repository's root; None removes."""
    once: Mapping[str, bytes] = field(default_factory=dict)
    """Files like those of `beside` that are written where there is none, and then left alone."""
    body: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The change is on the remote branch, in this commit."""

    commit: str
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The branch held exactly this already; `commit` is its tip, None for an empty branch."""

    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Somebody else wrote the directory since `based_on`: read it and decide again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """This change can't be written as it is; the others of the batch went on."""

    error: SampleDBError


Outcome = Committed | Unchanged | Superseded | Refused
