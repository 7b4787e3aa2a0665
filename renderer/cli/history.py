"""`sampledb history`: what has been done to one SampleDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, opened, output_option, written
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at, kept_volume
from renderer.cli.table import columns
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.settings import Settings

_EXAMPLES = """
sampledb history team-a/orders

# the commit of the last upgrade, to look at it
sampledb history team-a/orders -o json \\
  | jq -r '[.operations[] | select(.type == "MajorUpgrade")][0].commit'
"""


_MORE = ("downtime", "report", "experiment", "recoverySeconds", "message")


@new_command("history", examples=_EXAMPLES)
@name_argument
@output_option("table")
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, output: str) -> int:
    """List the last ten operations, newest first, and the one that is under way.

    The commit is the one that ended the operation: `git log` from there has its steps. The
    downtime of an upgrade is counted from when the old server cut its clients off until the new
    one's Pod was ready.
    """
    with opened(settings, name) as (_, found):
        operations = _operations(found)
    if output != "table":
        click.echo(written({"sampledb": str(key_of(found)), "operations": operations}, output))
        return Exit.OK
    if not operations:
        current().note("nothing has been done yet")
        return Exit.OK
    rows = [
        (one["id"], one["type"], _result(one), one["commit"][:8], one["endedAt"], _away(one))
        for one in operations
    ]
    head = ("OPERATION", "TYPE", "RESULT", "COMMIT", "ENDED", "DOWNTIME")
    click.echo(columns(head, rows), nl=False)
    kept = kept_volume(at(found, "status") or {})
    if kept:
        current().note(f"a replaced volume is kept: {kept}")
    return Exit.OK


def _operations(found: Object) -> list[dict[str, Any]]:
    underway = at(found, "status", "operation")
    rows = [{**underway, "result": f"at step {at(underway, 'step')}"}] if underway else []
    rows += at(found, "status", "history") or []
    names = ("id", "type", "result", "commit", "startedAt", "endedAt")
    return [
        {name: str(at(row, name)) for name in names}
        | {name: row[name] for name in _MORE if name in row}
        for row in rows
    ]


def _result(one: Mapping[str, Any]) -> str:
    """The result; of an experiment also its name and how long the server was away."""
    if "experiment" not in one:
        return str(one["result"])
    seconds = f" after {one['recoverySeconds']} s" if "recoverySeconds" in one else ""
    return f"{one['result']}{seconds} ({one['experiment']})"


def _away(one: Mapping[str, Any]) -> str:
    return f"{one['downtime']}s" if "downtime" in one else ""
