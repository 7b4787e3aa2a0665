"""What people see on stderr: errors, notes, details; as text or as JSON lines.

Results go to stdout and never through here, so that a pipe gets nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

import click

from renderer.cli.findings import Finding


class LogFormat(Enum):
    """How notes and errors look."""

    TEXT = "text"
    JSON = "json"


@dataclass(slots=True, kw_only=True)
class Console:
    """How much is said, and how. One for each run of the command."""

    verbosity: int = 0
    """-1 with -q, 1 with -v, 2 with -vv."""
    no_color: bool = False
    debug: bool = False
    log_format: LogFormat = LogFormat.TEXT

    def colored(self, stream: TextIO) -> bool:
        """Whether to colour `stream`: a terminal, NO_COLOR unset, TERM not dumb (no-color.org)."""
        if self.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()

    def out(self, text: str, *, nl: bool = True) -> None:
        """Print a result to stdout, with its colours only where they are wanted."""
        click.echo(text, nl=nl, color=self.colored(sys.stdout))

    def error(self, findings: Iterable[Finding], *, exit_code: int) -> None:
        """Print `error: …`, one line for each finding; -q does not silence it."""
        for finding in findings:
            self._say("error", str(finding), "red", _fields(finding) | {"exitCode": exit_code})

    def note(self, text: str) -> None:
        """Print what a person wants to know; silent with -q."""
        if self.verbosity >= 0:
            self._say("note", text, "cyan", {})

    def warning(self, text: str) -> None:
        """Print what a person should look at; silent with -q."""
        if self.verbosity >= 0:
            self._say("warning", text, "yellow", {})

    def detail(self, text: str) -> None:
        """Print what helps to follow along; only with -v."""
        if self.verbosity >= 1:
            self._say("info", text, "", {})

    def _say(self, level: str, text: str, color: str, extra: dict[str, object]) -> None:
        if self.log_format is LogFormat.JSON:
            import json  # noqa: PLC0415 - --help has no use for it

            line = {"level": level, "message": text} | extra
            print(json.dumps(line, ensure_ascii=False), file=sys.stderr)  # noqa: T201 - the terminal is this module's job
            return
        label = f"{level}:"
        if color and self.colored(sys.stderr):
            label = click.style(label, fg=color, bold=True)
        print(f"{label} {text}", file=sys.stderr)  # noqa: T201 - the same


def _fields(finding: Finding) -> dict[str, object]:
    known = {
        "rule": finding.rule.value,
        "file": finding.file,
        "line": finding.line,
        "field": finding.field,
        "problem": finding.problem,
        "value": finding.value,
        "remedy": finding.remedy,
        "sampledb": finding.key,
    }
    return {name: value for name, value in known.items() if value}


def current() -> Console:
    """The console of the command that is running."""
    console = click.get_current_context().find_root().obj
    if not isinstance(console, Console):  # a command invoked by a test or by another program
        return Console()
    return console
