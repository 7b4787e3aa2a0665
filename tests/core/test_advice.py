"""Every reason that the core can give is explained, in the code and in the runbook."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from command_line import ROOT

from renderer.core.advice import ADVICE, GOOD
from renderer.core.operations.chaos import RESULTS
from renderer.core.plan import Phase

CORE = ROOT / "renderer" / "core"
RUNBOOK = ROOT / "docs" / "runbook.md"
GIVERS = {"_blocked", "_stalled", "stall", "stalled", "wait"}
"""Functions whose first argument is a reason."""
BEGIN, END = "<!-- reasons:begin -->\n", "<!-- reasons:end -->\n"
WORD = re.compile(r"[A-Z][A-Za-z]+")
NEVER = {Phase.FAILED.value, Phase.STALLED.value}
"""Phases that come with a reason of their own."""


def reasons() -> set[str]:
    """Every reason in the core's code, and the phases, which are reasons without a problem."""
    found = {phase.value for phase in Phase} - NEVER
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found |= {word for part in _places(node) for word in _words(part)}
    found |= {result for result in RESULTS if result not in {"Skipped", "Aborted"}}
    failed = {each for each in found if each.endswith("BackupFailed")}
    return found | {each.replace("Failed", "Unproved") for each in failed}


def _places(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions under `node` that hold reasons."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", "")
        yield from node.args[:1] if name in GIVERS else ()
        yield from (each.value for each in node.keywords if each.arg == "reason")
    elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_REASONS":
        yield node.value


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        return  # `…Unproved`, made of `…Failed`: `reasons` adds them
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield from WORD.findall(each.value) if WORD.fullmatch(each.value) else ()


def test_every_reason_is_explained_and_nothing_else() -> None:
    given = reasons()
    assert {"PodFailed", "BackupFailed", "BackupUnproved", "PushFailed", "Upgrading"} <= given
    assert given - GOOD - ADVICE.keys() == set()
    assert ADVICE.keys() - given == {"NotSeen"}


def test_the_runbook_has_every_reason_in_the_same_words() -> None:
    text = RUNBOOK.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    whole = head + begin + _table() + end + tail
    if os.environ.get("UPDATE_GOLDEN"):
        Path(RUNBOOK).write_text(whole)
    assert RUNBOOK.read_text() == whole, "UPDATE_GOLDEN=1 writes it anew: review the change"


def _table() -> str:
    """A row for each text, with the reasons that share it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for reason, advice in ADVICE.items():
        rows.setdefault((advice.means, advice.do), []).append(f"`{reason}`")
    lines = [f"| {' / '.join(which)} | {means} | {do} |" for (means, do), which in rows.items()]
    return "\n".join(("| reason | it means | do |", "|---|---|---|", *lines)) + "\n"
