"""`sampledb approve`: the dangerous step that an upgrade waits at may begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from renderer.cli.asking import (
    How,
    ask,
    asking_options,
    follow,
    let_a_person_decide,
    printed,
    refuse_deleting,
    says_so,
)
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, opened
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.core.errors import invalid
from renderer.core.layout import APPROVE_ANNOTATION
from renderer.settings import Settings

_EXAMPLES = """
# shows what will happen, and asks
sampledb approve team-a/orders

# in a script: only that step of that operation, as the status names it
sampledb approve team-a/orders --step majorupgrade-3/Stop/18.4-1a2b3c4d --wait

# the SampleDB is in Git: print the edit and commit it there
sampledb approve team-a/orders --step majorupgrade-3/Stop/18.4-1a2b3c4d --print
"""


@new_command("approve", examples=_EXAMPLES)
@name_argument
@click.option(
    "--step",
    default="",
    metavar="OPERATION/STEP/TARGET",
    help="What is approved; given, nothing is asked.  [default: what is waited for]",
)
@click.option("-y", "--yes", is_flag=True, help="Don't ask; without --step needed in scripts.")
@asking_options
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, step: str, yes: bool, how: How) -> int:
    """Approve the step that an upgrade waits at: set the annotation sampledb.dev/approve to it.

    With spec.upgrade.approval: Manual an upgrade waits before each dangerous step; the message
    of the status says what will happen then. An approval holds for one step of one operation,
    and for what that leads to. A SampleDB that lies in Git itself is edited there; --print shows
    the edit. What Argo CD or Flux applies from Git is not edited here, unless --force is given.
    """
    if how.show and "/" in step:
        click.echo(printed(settings, name, _edit(step)))
        return Exit.OK
    with opened(settings, name) as (cluster, found):
        wanted = _wanted(found, step)
        edit = _edit(wanted)
        if how.show:
            click.echo(printed(settings, name, edit))
            return Exit.OK
        if not says_so(found, edit):
            question = f"Approve {wanted} of {key_of(found)}?"
            told = str(at(found, "status", "message"))
            without = "" if step or yes else "--step or --yes"
            let_a_person_decide(found, question, told=told, without=without)
        asked = ask(cluster, found, edit, how)
        follow(cluster, asked, how, lambda seen: at(seen, "status", "approval") != wanted)
    click.echo(f"{key_of(found)}: {wanted} is approved")
    return Exit.OK


def _edit(step: str) -> Mapping[str, Any]:
    return {"metadata": {"annotations": {APPROVE_ANNOTATION: step}}}


def _wanted(found: Object, step: str) -> str:
    """What waits for an approval. Raises `InvalidError` when nothing does, or something else."""
    refuse_deleting(found)
    wanted = str(at(found, "status", "approval"))
    if not wanted:
        raise invalid(
            "nothing waits for an approval",
            field="status.approval",
            remedy="'sampledb status' shows what is under way",
        )
    named = {wanted, *wanted.split("/")[1:2]}
    if step and step not in named:
        raise invalid(
            "is not what waits for an approval",
            field="--step",
            value=step,
            remedy=f"it is {wanted}",
        )
    return wanted
