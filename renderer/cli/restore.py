"""`sampledb restore`: the data of a backup, in a new volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from renderer.cli.asking import (
    How,
    ask,
    asking_options,
    follow,
    moment,
    printed,
    refuse_deleting,
    refuse_sleeping,
)
from renderer.cli.bring_back import document, tombstone_options
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.forecast import NOTHING
from renderer.cli.looking import Look, looked
from renderer.cli.one import key_of as key_of_name
from renderer.cli.one import output_option, written
from renderer.cli.options import CLUSTER, LAYOUT, READ, with_settings
from renderer.cli.rehearsal import dry_run_option, rehearse
from renderer.cli.seen import at
from renderer.cli.waiting import failed
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.core.desired import Desired
from renderer.core.errors import invalid
from renderer.core.operations.step import names_of, restored_claim
from renderer.settings import Settings

_EXAMPLES = """
# what would happen, commit by commit; nothing is changed
sampledb restore team-a/orders --backup 20260102T030405Z-1a2b3c --dry-run

sampledb restore team-a/orders --backup 20260102T030405Z-1a2b3c --wait

# one of which nothing proves that it can be restored: its files are compared with their sums
sampledb restore team-a/orders --backup 20260102T030405Z-1a2b3c --allow-unverified

# a snapshot of the volume: kubectl get volumesnapshots shows them
sampledb restore team-a/orders --snapshot orders-snapshot-1a2b3c4d --wait
# the backup of another SampleDB, from the store of spec.backup.target.s3
sampledb restore team-a/orders --url s3://backups/team-b/carts/20260102T030405Z-1a2b3c

# of a SampleDB of another namespace, which grants it (spec.backup.grants)
sampledb restore team-b/copy --of team-a/orders --backup 20260102T030405Z-1a2b3c

# look at the data, then let the old volume go
sampledb confirm team-a/orders

# the SampleDB is in Git: print the edit and commit it there
sampledb restore team-a/orders --backup 20260102T030405Z-1a2b3c --id monday --print

# it was deleted: print the SampleDB that brings it back; under another name; from a file
sampledb restore --from-tombstone team-a/orders --config sampledb.yaml | kubectl apply -f -
sampledb restore team-a/again --from-tombstone team-a/orders --config sampledb.yaml
sampledb restore --from-tombstone tombstones/team-a/orders/20260102t030405z-1a2b3c.yaml
"""


@new_command("restore", examples=_EXAMPLES)
@click.argument("name", default="", metavar="NAME|NAMESPACE/NAME")
@click.option(
    "--backup",
    default="",
    metavar="ID",
    help="The backup, such as 20260102T030405Z-1a2b3c; 'sampledb status' shows the last one.",
)
@click.option(
    "--snapshot",
    default="",
    metavar="NAME",
    help="Instead: a VolumeSnapshot of the namespace.",
)
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="Instead: any SampleDB's backup in an S3 store, s3://bucket/…/ID.",
)
@click.option(
    "--of",
    "owner",
    default="",
    metavar="NAMESPACE/NAME",
    help="The SampleDB whose backup it is.  [default: NAME itself]",
)
@click.option(
    "--id",
    "restore_id",
    default="",
    metavar="ID",
    help="The restore's own id.  [default: the time]",
)
@click.option(
    "--unlisted", is_flag=True, help="Take a backup that the status doesn't name: an older one."
)
@click.option(
    "--allow-unverified",
    is_flag=True,
    help="Take a backup that was never verified too, if every file is as its sum says.",
)
@tombstone_options
@dry_run_option
@output_option("text")
@asking_options
@with_settings(*CLUSTER, *LAYOUT, *READ)
def command(  # noqa: PLR0913 - one for each option
    *,
    settings: Settings,
    name: str,
    backup: str,
    snapshot: str,
    url: str,
    owner: str,
    restore_id: str,
    unlisted: bool,
    allow_unverified: bool,
    tombstone: str,
    folder: str,
    dry_run: bool,
    output: str,
    how: How,
) -> int:
    """Restore a backup into a new volume: set spec.restore.

    The server runs on until every table of the backup has been read in the new volume, then
    it restarts on it. The old volume, with what was written since the backup, is kept until
    'sampledb confirm'. An id is restored once. A SampleDB that lies in Git itself is edited
    there; --print shows the edit. What Argo CD or Flux applies from Git is not edited here,
    unless --force is given.

    With --from-tombstone nothing is asked of a cluster: the SampleDB that brings a deleted one
    back is printed, under its own name or under NAME in the same namespace.
    """
    sources = {"--backup": backup, "--snapshot": snapshot, "--url": url}
    _usage(name, {**sources, "--from-tombstone": tombstone})
    if tombstone:
        given = {"name": name, "restore_id": restore_id, "output": output}
        click.echo(document(settings, tombstone, folder, **given))
        return Exit.OK
    wanted = restore_id or moment()
    source = _source(backup, snapshot, url) | _owner(settings, name, backup, owner)
    restore: dict[str, Any] = {"id": wanted, "from": source}
    restore |= {"allowUnverified": True} if allow_unverified else {}
    edit: dict[str, Any] = {"spec": {"restore": restore}}
    if how.show:
        click.echo(printed(settings, name, edit))
        return Exit.OK
    with looked(settings, name) as look:
        found = look.found
        source |= _forgotten(found, source)
        restore |= _verified_again(found, restore)
        any_will_do = unlisted or allow_unverified or bool(url or snapshot or owner)
        _refuse(look, wanted, backup, unlisted=any_will_do)
        coming = rehearse(look, edit["spec"])
        _explain(look, coming.desired)
        if dry_run:
            coming.show(output)
            return Exit.OK
        asked = ask(look.cluster, found, edit, how)
        done = follow(look.cluster, asked, how)
    shown: dict[str, Any] = {
        "sampledb": str(key_of(done)),
        "restore": wanted,
        "backup": url or snapshot or backup,
    }
    if how.wait:
        shown |= _outcome(done, wanted)
    click.echo(_told(shown) if output == "text" else written(shown, output))
    return Exit.OK


def _source(backup: str, snapshot: str, url: str) -> dict[str, str]:
    """`spec.restore.from`; `_usage` has seen that one of them is given."""
    if url:
        return {"s3Url": url}
    return {"volumeSnapshotName": snapshot} if snapshot else {"backupId": backup}


def _owner(settings: Settings, name: str, backup: str, owner: str) -> dict[str, str]:
    """Whose backup it is. Raises where it names no backup by its id."""
    if not owner:
        return {}
    if not backup:
        raise click.UsageError("--of needs --backup", click.get_current_context())
    here = key_of_name(settings, name)
    other = key_of_name(settings, owner if "/" in owner else f"{here.namespace}/{owner}")
    there = {"namespace": other.namespace} if other.namespace != here.namespace else {}
    return {"sampleDB": other.name, **there}


def _usage(name: str, sources: Mapping[str, str]) -> None:
    """Raise for what is missing, and for two places to restore from."""
    given = [option for option, value in sources.items() if value]
    wrong = ""
    if len(given) > 1:
        wrong = f"give {' or '.join(given[:2])}, not both"
    elif not name and "--from-tombstone" not in given:
        wrong = "missing argument NAME"
    elif not given:
        wrong = "missing option --backup, --snapshot or --url"
    if wrong:
        raise click.UsageError(wrong, click.get_current_context())


def _forgotten(found: Object, source: Mapping[str, str]) -> dict[str, str]:
    """What an earlier restore came from: only one source may stand there."""
    before = at(found, "spec", "restore", "from") or {}
    return {name: "" for name in before if name not in source}


def _verified_again(found: Object, restore: Mapping[str, Any]) -> dict[str, bool]:
    """What an earlier restore was allowed isn't what this one is."""
    allowed = at(found, "spec", "restore", "allowUnverified") is True
    return {"allowUnverified": False} if allowed and "allowUnverified" not in restore else {}


def _refuse(look: Look, wanted: str, backup: str, *, unlisted: bool) -> None:
    found = look.found
    refuse_deleting(found)
    refuse_sleeping(found, "a restore waits until the server is awake")
    recorded = look.held.record.restored if look.held.record else ""
    if wanted in {recorded, at(found, "status", "restored")}:
        raise invalid(
            "was restored already, and an id is never restored again",
            field="--id",
            value=wanted,
            remedy="give another, or leave it out: then it is the time",
        )
    if not unlisted:
        _refuse_unknown(found, backup)


def _refuse_unknown(found: Object, backup: str) -> None:
    known = [
        at(found, "status", *path, "id")
        for path in (("backups", "lastVerified"), ("finalSnapshot",))
    ]
    verified = [name for name in known if name]
    if not verified:
        current().note("the status names no backup: whether this one is whole is told by the Job")
    elif backup not in verified:
        raise invalid(
            "is not a backup that the status knows as verified",
            field="--backup",
            value=backup,
            remedy=f"it knows {', '.join(verified)}; for an older one give --unlisted: all of it "
            "is read and compared with its sums before anything is stopped",
        )


def _explain(look: Look, desired: Desired) -> None:
    """Say what becomes of the server and its volumes."""
    console, key = current(), desired.key
    names = names_of(desired, look.held.record or NOTHING)
    claim = restored_claim(desired, desired.db.spec.restore.id)
    console.note(f"the backup goes into a new volume, {claim}; the server runs on beside it")
    console.note("when every table has been read there, the server stops, and starts on it")
    keep = desired.db.spec.storage.keep_replaced
    end = f", or for {keep} after that" if keep else ""
    console.note(f"the old volume, {names.data}, is kept until 'sampledb confirm {key}'{end}")
    if names.previous:
        console.warning(
            f"{names.previous}, which was replaced before, is still kept, and "
            f"will be left alone for ever: 'sampledb confirm {key}' first lets it go"
        )


def _outcome(done: Object, wanted: str) -> Mapping[str, Any]:
    """What was restored. Raises when nothing was."""
    if at(done, "status", "restored") != wanted:
        raise failed(key_of(done), "the controller is done, and has restored nothing")
    return {"restored": True, "previousClaim": at(done, "status", "storage", "previousClaim")}


def _told(shown: Mapping[str, Any]) -> str:
    head = f"{shown['sampledb']}: {shown['backup']} "
    if not shown.get("restored"):
        return f"{head}is asked for, as the restore {shown['restore']}"
    return (
        f"{head}is restored; {shown['previousClaim']} is kept until 'sampledb confirm "
        f"{shown['sampledb']}'"
    )
