"""`sampledb status`: how far one SampleDB is, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, opened, output_option, written
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import age, at, clock, condition, kept_volume
from renderer.cli.table import columns
from renderer.core.conditions import NEVER
from renderer.settings import Settings

_EXAMPLES = """
sampledb status orders -n team-a
sampledb status team-a/orders

# wait in a script: 0 is ready, 1 is not
until sampledb -q status team-a/orders >/dev/null; do sleep 2; done
"""
_COLORS = {"True": "green", "False": "red", "Unknown": "yellow"}
_BAD_WHEN_TRUE = {"Stalled", "DeletionBlocked", "Reconciling", "ClockSkew"}


@new_command("status", examples=_EXAMPLES)
@name_argument
@output_option("text")
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, output: str) -> int:
    """Show how far one SampleDB is, and what to do; exit 1 while it is not ready."""
    with opened(settings, name) as (_, found):
        pass
    if output != "text":
        click.echo(written(found, output))
    else:
        for part in _parts(found, clock()):
            current().out(part)
    ready = condition(found, "Ready").get("status") == "True"
    return Exit.OK if ready else Exit.FOUND


def _parts(found: Mapping[str, Any], now: datetime) -> Iterator[str]:
    yield columns(("SampleDB", _key(found)), list(_facts(found, now))).rstrip("\n")
    conditions = at(found, "status", "conditions") or []
    if conditions:
        yield "\nConditions"
        yield from (_condition(one, now) for one in conditions)
    yield f"\nWhat to do\n  {advice(found)}"


def _key(found: Mapping[str, Any]) -> str:
    return f"{at(found, 'metadata', 'namespace')}/{at(found, 'metadata', 'name')}"


def _facts(found: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    status = at(found, "status") or {}
    operation = at(status, "operation") or {}
    backup = at(status, "backups", "lastVerified") or {}
    rows = (
        ("Engine", f"{at(found, 'spec', 'engine')} {at(found, 'spec', 'version')}"),
        ("Phase", at(status, "phase") or "not seen by the controller yet"),
        ("Message", at(status, "message")),
        ("Operation", " ".join(filter(None, (at(operation, "id"), at(operation, "step"))))),
        ("Waits for", at(operation, "message")),
        ("To approve", at(status, "approval")),
        ("Check found", at(operation, "report")),
        ("Repository", at(status, "git", "repository")),
        ("Branch", at(status, "git", "branch")),
        ("Path", at(status, "git", "path")),
        ("Commit", at(status, "git", "commit")),
        ("Delivery", _delivery(status)),
        ("Endpoint", _endpoint(status)),
        ("Secret", at(status, "endpoint", "secretName")),
        ("Restored", at(status, "restored")),
        ("Kept volume", kept_volume(status)),
        ("Backup", f"{at(backup, 'id')}, {age(at(backup, 'time'), now)} ago" if backup else ""),
    )
    return ((name, str(value)) for name, value in rows if value)


def _delivery(status: Mapping[str, Any]) -> str:
    parts = (at(status, "delivery", part) for part in ("tool", "name", "state", "message"))
    return " ".join(str(part) for part in parts if part)


def _endpoint(status: Mapping[str, Any]) -> str:
    endpoint = at(status, "endpoint")
    if not endpoint:
        return ""
    return f"{at(endpoint, 'host')}:{at(endpoint, 'port')}/{at(endpoint, 'database')}"


def _condition(one: Mapping[str, Any], now: datetime) -> str:
    value = str(one.get("status", ""))
    shown = value.ljust(7)
    if current().colored(sys.stdout):
        swapped = {"True": "False", "False": "True"}
        bad = one.get("type") in _BAD_WHEN_TRUE
        shown = click.style(shown, fg=_COLORS.get(swapped.get(value, value) if bad else value))
    moment = one.get("lastTransitionTime")
    since = "" if moment == NEVER else age(moment, now)
    words = ": ".join(part for part in (one.get("reason"), one.get("message")) if part)
    return f"  {one.get('type', ''):<16} {shown} {since:>5}  {words}"


def advice(found: Mapping[str, Any]) -> str:
    """One sentence: the next thing for a person to do."""
    generation = at(found, "metadata", "generation")
    if not at(found, "status", "observedGeneration"):
        return "nothing has looked at it yet: is the controller running, and may it see it?"
    if at(found, "status", "observedGeneration") != generation:
        return "wait: the controller has not seen the last change of the spec yet"
    for kind in ("DeletionBlocked", "Stalled"):
        if condition(found, kind).get("status") == "True":
            return str(condition(found, kind).get("message", ""))
    if condition(found, "Ready").get("status") == "True":
        return "nothing: it is ready"
    for kind in ("Committed", "Applied", "Initialized"):
        seen = condition(found, kind)
        if seen.get("status") == "False":
            return f"wait, or look into it: {seen.get('message', '')}"
    waits = "" if at(found, "status", "approval") else "wait: "
    return f"{waits}{condition(found, 'Ready').get('message') or at(found, 'status', 'message')}"
