"""`sampledb upgrade`: another version of the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from renderer.cli.asking import How, ask, asking_options, follow, printed, refuse_deleting
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.forecast import Commit, commits, decided
from renderer.cli.looking import Look, looked
from renderer.cli.one import name_argument, output_option, written
from renderer.cli.options import CLUSTER, LAYOUT, READ, with_settings
from renderer.cli.seen import clock
from renderer.cluster.cache import key_of
from renderer.core.errors import invalid
from renderer.core.plan import Plan, Trouble
from renderer.settings import Settings

_EXAMPLES = """
# what would happen, commit by commit; nothing is changed
sampledb upgrade team-a/orders --to 18 --dry-run

sampledb upgrade team-a/orders --to 18.4 --wait

# the SampleDB is in Git: print the edit and commit it there
sampledb upgrade team-a/orders --to 18 --print
"""


@new_command("upgrade", examples=_EXAMPLES)
@name_argument
@click.option("--to", "version", required=True, metavar="VERSION", help="Such as 18 or 18.4.")
@click.option("--dry-run", is_flag=True, help="Show the commits to come, and change nothing.")
@output_option("text")
@asking_options
@with_settings(*CLUSTER, *LAYOUT, *READ)
def command(
    *, settings: Settings, name: str, version: str, dry_run: bool, output: str, how: How
) -> int:
    """Upgrade the server to another version: set spec.version.

    --dry-run shows each commit: what it does to the server, what is waited for after it, and
    what happens when that fails. What can't be done, such as a downgrade, is refused before
    anything is changed. A SampleDB that lies in Git itself is edited there; --print shows the
    edit. What Argo CD or Flux applies from Git is not edited here, unless --force is given.
    """
    spec = {"version": version}
    if how.show:
        click.echo(printed(settings, name, spec))
        return Exit.OK
    with looked(settings, name) as look:
        found = look.found
        refuse_deleting(found)
        wanted = {**found, "spec": {**found["spec"], **spec}}
        plan, coming = _coming(look, wanted)
        if dry_run:
            _show(str(key_of(found)), plan, coming, output)
            return Exit.OK
        if found["spec"].get("version") == version:
            current().note(f"spec.version is {version!r} already")
        else:
            found = ask(look.cluster, found, spec, how)
        done = follow(look.cluster, found, how)
    runs = ((done.get("status") or {}).get("engineVersion") or {}).get("running", "")
    shown = {"sampledb": str(key_of(done)), "version": version, "running": runs}
    told = f"{shown['sampledb']}: {version} is asked for; the server says that it is {runs}"
    click.echo(told if output == "text" else written(shown, output))
    return Exit.OK


def _coming(look: Look, wanted: Mapping[str, Any]) -> tuple[Plan, tuple[Commit, ...]]:
    """The plan for the wanted version. Raises `InvalidError` in the core's own words."""
    now = clock()
    desired, plan = decided(look, wanted, now)
    problem = plan.problem
    underway = look.held.record.underway if look.held.record else None
    if problem is not None and problem.trouble is Trouble.STALLED and not plan.record:
        field, found, words = problem.message.partition(": ")
        raise invalid(words if found else field, field=field if found else "")
    if underway is not None:
        current().note(f"{underway.id} is under way at step {underway.step}")
    return plan, commits(look, desired, plan, now)


def _show(key: str, plan: Plan, coming: tuple[Commit, ...], output: str) -> None:
    if output != "text":
        shown = {"sampledb": key, "why": plan.why, "commits": [one.shown() for one in coming]}
        click.echo(written(shown, output))
        return
    if not coming:
        click.echo(f"{key}: no commit follows: {plan.why}")
        return
    click.echo(f"{key}: {len(coming)} commits, each made when the one before is proved\n")
    for number, one in enumerate(coming, 1):
        click.echo("\n".join(one.lines(number)))
