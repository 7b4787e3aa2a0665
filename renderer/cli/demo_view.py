"""What the demo prints: one line for each thing that happens, with its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

WIDTH = 120
MOST_FILES = 4


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


@dataclass(slots=True)
class View:
    """Prints as things happen. `began` and `at` are monotonic seconds."""

    began: float
    console: Console = field(default_factory=_console)

    def title(self, text: str) -> None:
        """A new chapter."""
        self.console.print()
        self.console.rule(f"[bold]{text}", align="left", style="dim")

    def say(self, at: float, mark: str, text: str, *, style: str = "") -> None:
        """One line: seconds since the beginning, a mark, what happened."""
        line = Text(f"{at - self.began:6.1f} s  ")
        line.stylize("dim")
        line.append(f"{mark:<9} ", style=style or "bold")
        line.append(text)
        self.console.print(line, overflow="fold")

    def commit(self, at: float, sha: str, subject: str, files: Sequence[str]) -> None:
        """A commit as it comes, and the files that it touches."""
        self.say(at, "commit", f"{sha[:8]}  {subject}", style="yellow")
        shown = ", ".join(files)
        if len(files) > MOST_FILES:
            shown = f"{', '.join(files[: MOST_FILES - 1])} … {len(files)} files"
        self.console.print(Padding(Text(shown, style="dim"), (0, 0, 0, 28)), overflow="fold")

    def condition(self, at: float, kind: str, message: str) -> None:
        """A condition that turned true."""
        self.say(at, "✓", f"{kind:<12} {message}", style="green")

    def source(self, text: str) -> None:
        """YAML, as it is applied."""
        self.console.print(Padding(Syntax(text.strip(), "yaml", theme="ansi_dark"), (0, 0, 0, 10)))

    def query(self, at: float, sql: str, rows: Sequence[Sequence[str]]) -> None:
        """A statement and the server's answer."""
        self.say(at, "psql", sql, style="cyan")
        for row in rows:
            self.console.print(Padding(Text(" | ".join(row)), (0, 0, 0, 20)), overflow="fold")

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and values, aligned."""
        table = Table.grid(padding=(0, 2))
        for name, value in pairs:
            table.add_row(Text(name, style="bold"), Text(value, overflow="fold"))
        self.console.print(Padding(table, (0, 0, 0, 10)))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table."""
        table = Table(box=None, padding=(0, 2), header_style="bold")
        for head in heads:
            table.add_column(head, justify="right" if head == "seconds" else "left")
        for row in rows:
            table.add_row(*row)
        self.console.print(Padding(table, (0, 0, 0, 8)))
