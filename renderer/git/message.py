"""Commit messages: a subject that a person can read, trailers that a machine can."""

from __future__ import annotations

import re
from collections.abc import Sequence

from renderer.git.change import Change

KEY_TRAILER = "SampleDB"


def message(changes: Sequence[Change]) -> str:
    """The message of one commit that holds `changes`, at least one; same input, same text."""
    if len(changes) == 1:
        (change,) = changes
        subject = f"{_line(change.key)}: {_line(change.subject)}"
        body = _paragraphs(change.body)
    else:
        subject = f"{len(changes)} SampleDBs: {_summary(changes)}"
        body = "\n".join(f"- {_line(change.key)}: {_line(change.subject)}" for change in changes)
    trailers = "\n".join(line for change in changes for line in _trailers(change))
    return "\n\n".join(part for part in (subject, body, trailers) if part) + "\n"


def _summary(changes: Sequence[Change]) -> str:
    subjects = list(dict.fromkeys(_line(change.subject) for change in changes))
    if len(subjects) == 1:
        return subjects[0]
    return f"{subjects[0]}, and {len(subjects) - 1} more"


def _trailers(change: Change) -> list[str]:
    pairs = change.trailers
    if not any(name == KEY_TRAILER for name, _ in pairs):
        pairs = ((KEY_TRAILER, change.key), *pairs)
    return [f"{re.sub('[^A-Za-z0-9-]+', '-', name)}: {_line(value)}" for name, value in pairs]


def _line(text: str) -> str:
    """One line: whatever breaks one or can't be printed becomes a space."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split()) or "(none)"


def _paragraphs(text: str) -> str:
    lines = (
        "".join(char if char.isprintable() else " " for char in line).rstrip()
        for line in text.splitlines()
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
