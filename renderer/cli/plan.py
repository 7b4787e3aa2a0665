"""`sampledb plan`: the next commit, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from renderer import reconcile
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.forecast import Commit, Server, commits, decided
from renderer.cli.looking import Look, looked
from renderer.cli.one import name_argument, output_option, written
from renderer.cli.options import CLUSTER, LAYOUT, READ, with_settings
from renderer.cli.seen import clock
from renderer.cli.table import columns
from renderer.core.desired import Desired
from renderer.core.plan import Files, Plan
from renderer.settings import Settings

_EXAMPLES = """
sampledb plan team-a/orders

# with the record at the branch's tip, instead of the one that was applied last
sampledb plan team-a/orders --repository git@github.com:example/deploy.git --path clusters/prod

# what is waited for, for programs
sampledb plan team-a/orders -o json | jq -r .waitsFor
"""


@new_command("plan", examples=_EXAMPLES)
@name_argument
@output_option("text")
@with_settings(*CLUSTER, *LAYOUT, *READ)
def command(*, settings: Settings, name: str, output: str) -> int:
    """Show what the next commit would be, what it waits for, and what follows it.

    Decided as the controller decides, from the live objects and the record: that of the
    repository when the settings name one, else the one in the cluster. Nothing is changed.
    """
    with looked(settings, name) as look:
        now = clock()
        desired, plan = decided(look, look.found, now)
        done = _is_written(look, desired, plan)
        coming = list(commits(look, desired, plan, now))
        current = coming.pop(0) if coming and done else None
        if not (coming or done) and plan.files is Files.WRITE:
            coming = [_mended(plan)]
    shown = _shown(look, desired, plan, current, coming)
    if output != "text":
        click.echo(written(shown, output))
        return Exit.OK
    click.echo(columns((shown["sampledb"], plan.phase.value), list(_facts(shown, current))))
    for number, one in enumerate(coming, 1):
        click.echo("\n".join(one.lines(number)))
    return Exit.OK


def _is_written(look: Look, desired: Desired, plan: Plan) -> bool:
    """True when what the plan writes is in Git already, and only its proof is lacking."""
    if plan.files is not Files.WRITE:
        return False
    if look.tip is None:
        return plan.record == look.held.record
    return reconcile.as_it_stands(desired, plan, look.place, look.held, look.tip)


def _mended(plan: Plan) -> Commit:
    """The commit that puts back what was edited by hand."""
    return Commit(
        subject=plan.subject,
        step="",
        server=Server.RUNS if plan.replicas else Server.DOWN,
        changes=(),
        awaits="",
        on_failure="",
    )


def _shown(
    look: Look, desired: Desired, plan: Plan, now: Commit | None, coming: Sequence[Commit]
) -> dict[str, Any]:
    problem = plan.problem
    return {
        "sampledb": str(desired.key),
        "record": look.source,
        "phase": plan.phase.value,
        "why": plan.why,
        "operation": plan.operation,
        "step": plan.step,
        "inGit": now.shown() if now else None,
        "waitsFor": problem.message if problem else "",
        "reason": problem.reason if problem else "",
        "commits": [one.shown() for one in coming],
    }


def _facts(shown: Mapping[str, Any], now: Commit | None) -> Iterator[tuple[str, str]]:
    yield "record read from", shown["record"]
    if now:
        yield "in Git", now.subject
    if shown["waitsFor"]:
        yield "waits for", shown["waitsFor"]
    if now and shown["commits"]:
        yield "next commit", f"when {now.awaits}: {shown['commits'][0]['subject']}"
    elif shown["commits"]:
        yield "next commit", f"now: {shown['commits'][0]['subject']}"
    else:
        yield "next commit", f"none: {shown['why']}"
