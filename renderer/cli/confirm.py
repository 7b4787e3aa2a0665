"""`sampledb confirm`: the volume that a restore or an upgrade has replaced may go."""

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
from renderer.core.layout import CONFIRM_ANNOTATION
from renderer.core.operations.dump_restore import DUMP_RESTORE
from renderer.core.operations.restore import RESTORE
from renderer.settings import Settings

_EXAMPLES = """
# shows which volume will go, and asks
sampledb confirm team-a/orders

# in a script: only what the restore of that id has replaced
sampledb confirm team-a/orders --restore monday --yes --wait

# the SampleDB is in Git: print the edit and commit it there
sampledb confirm team-a/orders --restore monday --print
"""


@new_command("confirm", examples=_EXAMPLES)
@name_argument
@click.option(
    "--restore",
    default="",
    metavar="ID",
    help="The restore's id, or the upgrade's.  [default: the last one's]",
)
@click.option("-y", "--yes", is_flag=True, help="Don't ask; needed without a terminal.")
@asking_options
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, restore: str, yes: bool, how: How) -> int:
    """Confirm the last restore: set the annotation sampledb.dev/confirm-restore to its id.

    The volume that it has replaced is then removed, with what was written to it since the
    backup: nothing brings that back. The same for an upgrade by dump and restore.

    A SampleDB that lies in Git itself is edited there; --print shows the edit. What Argo CD
    or Flux applies from Git is not edited here, unless --force is given.
    """
    if how.show and restore:
        click.echo(printed(settings, name, _edit(restore)))
        return Exit.OK
    with opened(settings, name) as (cluster, found):
        kept = _kept(found, restore)
        edit = _edit(_last(found))
        if how.show:
            click.echo(printed(settings, name, edit))
            return Exit.OK
        if not says_so(found, edit):
            question, without = f"Let {kept} of {key_of(found)} go?", "" if yes else "--yes"
            let_a_person_decide(found, question, told=_told(found, kept), without=without)
        asked = ask(cluster, found, edit, how)
        follow(cluster, asked, how, lambda seen: not at(seen, "status", "storage", "previousClaim"))
    told = "is no longer kept" if how.wait else "may go: the controller is told"
    click.echo(f"{key_of(found)}: {kept} {told}")
    return Exit.OK


def _edit(restore: str) -> Mapping[str, Any]:
    return {"metadata": {"annotations": {CONFIRM_ANNOTATION: restore}}}


def _last(found: Object) -> str:
    """The id of what replaced the volume; a status of an older release names restores only."""
    return str(at(found, "status", "storage", "replacedBy") or at(found, "status", "restored"))


def _kept(found: Object, restore: str) -> str:
    """The claim that will go. Raises `InvalidError` when there is nothing to confirm."""
    refuse_deleting(found)
    last, kept = _last(found), at(found, "status", "storage", "previousClaim")
    if not kept:
        raise invalid(
            "no replaced volume is kept, so there is nothing to confirm",
            field="status.storage.previousClaim",
        )
    if restore and restore != last:
        raise invalid(
            "is not what replaced it",
            field="--restore",
            value=restore,
            remedy=f"it is {last} that replaced {kept}",
        )
    running = at(found, "status", "operation", "type")
    if running in {RESTORE.type, DUMP_RESTORE.type}:
        problem = f"{running} is under way, which may still need the old volume"
        raise invalid(
            problem,
            field="status.operation",
            remedy="confirm it when it is done: 'sampledb status' shows how far it is",
        )
    return str(kept)


def _told(found: Object, kept: str) -> str:
    """What a confirmation does, for the person who is asked."""
    last = _last(found)
    what = "restore" if last == at(found, "status", "restored") else "upgrade"
    return (
        f"the volume {kept}, which the {what} {last} replaced, will be removed, with what was "
        "written to it since the backup: nothing brings that back"
    )
