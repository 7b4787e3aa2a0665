"""`sampledb backup`: one backup now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from renderer.cli.asking import How, ask, asking_options, follow, printed, refuse_deleting
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, opened, output_option, written
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at, clock
from renderer.cli.table import columns
from renderer.cli.waiting import failed
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.core.errors import invalid
from renderer.settings import Settings

_EXAMPLES = """
sampledb backup team-a/orders

# before something risky: wait, and keep the proof
sampledb backup team-a/orders --wait -o json > proof.json

# the SampleDB is in Git: print the edit and commit it there
sampledb backup team-a/orders --print
"""


@new_command("backup", examples=_EXAMPLES)
@name_argument
@output_option("text")
@asking_options
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, output: str, how: How) -> int:
    """Take one backup now: set spec.backup.requestedAt to the time.

    With --wait it ends when the backup has been read back, and prints the proof: id, size,
    sha256. A SampleDB that lies in Git itself is edited there; --print shows the edit. What
    Argo CD or Flux applies from Git is not edited here, unless --force is given.
    """
    moment = clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    spec = {"backup": {"requestedAt": moment}}
    if how.show:
        click.echo(printed(settings, name, spec))
        return Exit.OK
    with opened(settings, name) as (cluster, found):
        _refuse(found)
        asked = ask(cluster, found, spec, how)
        done = follow(cluster, asked, how)
    shown: dict[str, Any] = {"sampledb": str(key_of(found)), "requestedAt": moment}
    if how.wait:
        shown |= _proof(found, done)
    if output == "text":
        click.echo(columns(("FIELD", "VALUE"), [(k, str(v)) for k, v in shown.items()]), nl=False)
    else:
        click.echo(written(shown, output))
    return Exit.OK


def _refuse(found: Object) -> None:
    refuse_deleting(found)
    if not at(found, "spec", "backup", "target"):
        raise invalid(
            "there is no place for backups",
            field="spec.backup.target",
            remedy="add target.pvc with a size",
        )
    if at(found, "spec", "hibernate"):
        raise invalid(
            "is true: a stopped server can't be backed up",
            field="spec.hibernate",
            remedy="wake it first: sampledb wake",
        )


def _proof(before: Object, after: Object) -> Mapping[str, Any]:
    """The backup that was taken since `before`. Raises when there is none."""
    known = at(before, "status", "backups", "lastVerified", "id")
    taken = at(after, "status", "backups", "lastVerified") or {}
    if not taken or taken.get("id") == known:
        raise failed(key_of(after), "the controller is done, and has taken no backup")
    return {name: taken[name] for name in ("id", "time", "size", "sha256") if name in taken}
