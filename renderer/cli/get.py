"""`sampledb get`: SampleDBs, one line each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import age, at, clock, condition, connect
from renderer.cli.table import columns
from renderer.cluster.client import Scope
from renderer.cluster.kinds import SAMPLEDBS
from renderer.core import emit
from renderer.settings import Settings

_EXAMPLES = """
sampledb get
sampledb get -n team-a -o wide
sampledb get -o json | jq -r '.items[] | select(.status.phase == "Stalled") | .metadata.name'
"""
_HEAD = (
    "NAMESPACE",
    "NAME",
    "ENGINE",
    "VERSION",
    "READY",
    "PHASE",
    "COMMIT",
    "BACKUP",
    "AGE",
)
_WIDE = ("PATH", "DELIVERY", "MESSAGE")


@new_command("get", examples=_EXAMPLES)
@click.option(
    "-o", "--output", type=click.Choice(["table", "wide", "json", "yaml"]), default="table"
)
@click.option("-A", "--all-namespaces", is_flag=True, help="All of them, whatever is configured.")
@with_settings(*CLUSTER)
def command(*, settings: Settings, output: str, all_namespaces: bool) -> int:
    """List the SampleDBs of a cluster, one line each; of all namespaces unless -n is given."""
    namespace = "" if all_namespaces else settings.cluster.namespace
    with contextlib.closing(connect(settings)) as cluster:
        items, _ = cluster.list(SAMPLEDBS, Scope(namespace=namespace))
    if output in {"json", "yaml"}:
        listed = {"apiVersion": "v1", "kind": "List", "items": items}
        text = json.dumps(listed, indent=2) if output == "json" else emit.dump(listed).decode()
        click.echo(text.rstrip("\n"))
        return Exit.OK
    if not items:
        current().note(f"no SampleDBs found{f' in {namespace}' if namespace else ''}")
        return Exit.OK
    wide = output == "wide"
    now = clock()
    rows = sorted(_row(item, now, wide=wide) for item in items)
    click.echo(columns((*_HEAD, *(_WIDE if wide else ())), rows), nl=False)
    return Exit.OK


def _row(found: Mapping[str, Any], now: datetime, *, wide: bool) -> tuple[str, ...]:
    row = (
        at(found, "metadata", "namespace"),
        at(found, "metadata", "name"),
        at(found, "spec", "engine"),
        at(found, "spec", "version"),
        condition(found, "Ready").get("status", ""),
        at(found, "status", "phase"),
        at(found, "status", "git", "commit")[:8],
        age(at(found, "status", "backups", "lastVerified", "time"), now),
        age(at(found, "metadata", "creationTimestamp"), now),
    )
    if not wide:
        return row
    state = at(found, "status", "delivery", "state")
    return (*row, at(found, "status", "git", "path"), state, at(found, "status", "message"))
