"""Errors, named by what to do about them.

`InvalidError`: what the user wrote is wrong; wait until it changes.
`TransientError`: the world is in the way; try again later.
Anything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One thing that is wrong: where, what was found, why that is wrong, the way out.

    `field` is a path as kubectl prints it (`spec.storage.size`, `spec.init.sql[2]`)
    or a file name; `value` is shown with `repr` and may be left empty.
    """

    problem: str
    field: str = ""
    value: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """`field: problem (got value); remedy`."""
        text = f"{self.field}: {self.problem}" if self.field else self.problem
        if self.value:
            text += f" (got {self.value})"
        return f"{text}; {self.remedy}" if self.remedy else text


class SampleDBError(Exception):
    """The root: a list of details, at least one."""

    def __init__(self, *details: Detail) -> None:
        """Keep every detail; the message is all of them, one a line."""
        super().__init__("\n".join(str(detail) for detail in details))
        self.details = details


class InvalidError(SampleDBError):
    """The user's input is wrong: report it, write nothing, wait for a change."""


class TransientError(SampleDBError):
    """Something outside did not answer or refused for now: try again with back-off."""


def invalid(problem: str, *, field: str = "", value: object = "", remedy: str = "") -> InvalidError:
    """Build an `InvalidError` of one detail; `value` is shown with `repr` unless empty."""
    return InvalidError(_detail(problem, field, value, remedy))


def transient(
    problem: str, *, field: str = "", value: object = "", remedy: str = ""
) -> TransientError:
    """Build a `TransientError` of one detail; `value` is shown with `repr` unless empty."""
    return TransientError(_detail(problem, field, value, remedy))


def _detail(problem: str, field: str, value: object, remedy: str) -> Detail:
    shown = "" if value == "" else repr(value)
    return Detail(problem=problem, field=field, value=shown, remedy=remedy)
