"""click, arranged: commands that are imported when they are used, with examples in --help."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from renderer.cli.console import Console, LogFormat
from renderer.cli.exits import MEANINGS

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command's place: `module:attribute`, and its line in the list of commands."""

    place: str
    section: str
    summary: str


class Command(click.Command):
    """A command with the options that all have, and a section of examples."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - handed to click as they are
        """`examples` is printed as it stands, line by line."""
        kwargs.setdefault("context_settings", CONTEXT)
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params.extend(common_options())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the examples, unwrapped."""
        super().format_epilog(ctx, formatter)
        write_examples(self.examples, ctx, formatter)


def write_examples(examples: str, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write the section Examples; `sampledb` becomes the name that it was called by."""
    if not examples:
        return
    root = ctx.find_root().info_name or "sampledb"
    with formatter.section("Examples"):
        for line in examples.strip("\n").splitlines():
            shown = line.replace("sampledb ", f"{root} ") if not line.startswith("#") else line
            formatter.write(f"  {shown}".rstrip() + "\n")


def command(name: str, *, examples: str, **settings: Any) -> Callable[..., Command]:  # noqa: ANN401 - handed to click as they are
    """Decorate a function as a command of ours."""
    return click.command(name, cls=Command, examples=examples, **settings)


class PipeClosedError(Exception):
    """The reader of stdout went away."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - handed to click as they are
        entries: Mapping[str, Entry],
        examples: str = "",
        **kwargs: Any,  # noqa: ANN401 - handed to click as they are
    ) -> None:
        """`entries` is in the order of --help."""
        kwargs.setdefault("context_settings", CONTEXT)
        super().__init__(*args, **kwargs)
        self.entries = entries
        self.examples = examples
        self.params.extend(common_options())

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of --help."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, click.Command):
            message = f"{entry.place} is not a command"
            raise TypeError(message)
        return found

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command; a closed pipe goes past click, which would say 1: `different`."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeClosedError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section, without importing one."""
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            rows = [(n, e.summary) for n, e in self.entries.items() if e.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)
        write_examples(self.examples, ctx, formatter)
        if ctx.parent is None:
            with formatter.section("Exit codes"):
                formatter.write_dl([(str(int(code)), text) for code, text in MEANINGS.items()])


def common_options() -> list[click.Option]:
    """-v, -q, --debug, --log-format and --no-color: before the command's name, or after it."""
    return [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_verbose,
            help="Say more; twice for debug logs.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_quiet,
            help="Say nothing but errors.",
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice([item.value for item in LogFormat]),
            expose_value=False,
            callback=_log_format,
            help="How notes, logs and errors look.",
        ),
        click.Option(
            ["--no-color"],
            is_flag=True,
            expose_value=False,
            callback=_no_color,
            help="No colours; NO_COLOR in the environment does the same.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_debug,
            help="Show the traceback of an error.",
        ),
    ]


def _console(ctx: click.Context) -> Console:
    return ctx.find_root().ensure_object(Console)


def _verbose(ctx: click.Context, _param: click.Parameter, value: int) -> None:
    if value:
        _console(ctx).verbosity = value


def _quiet(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        _console(ctx).verbosity = -1


def _no_color(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        _console(ctx).no_color = True


def _debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        _console(ctx).debug = True


def _log_format(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value:
        _console(ctx).log_format = LogFormat(value)
