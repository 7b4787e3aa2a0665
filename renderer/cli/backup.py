"""`sampledb backup`: one backup now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from renderer.cli.asking import (
    Done,
    How,
    asking_options,
    carry_out,
    moment,
    refuse_sleeping,
)
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, output_option, written
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at
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

_PROOF = ("id", "time", "size", "sha256", "url", "snapshot", "verify", "tables", "rows")
"""A sha256 or a snapshot; the URL of one in a store; the last three of one that was restored
before it counted."""


@new_command("backup", examples=_EXAMPLES)
@name_argument
@output_option("text")
@asking_options
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, output: str, how: How) -> int:
    """Take one backup now: set spec.backup.requestedAt to the time.

    With --wait it ends when the backup has been read back, and prints the proof: id, size,
    sha256; or, with the method VolumeSnapshot, when it is ready to use. A SampleDB that lies in
    Git itself is edited there; --print shows the edit. What Argo CD or Flux applies from Git is
    not edited here, unless --force is given.
    """
    now = moment()
    done = carry_out(settings, name, {"backup": {"requestedAt": now}}, how, _refuse)
    if done is None:
        return Exit.OK
    shown: dict[str, Any] = {"sampledb": str(key_of(done.after)), "requestedAt": now}
    if how.wait:
        shown |= _proof(done)
    if output == "text":
        click.echo(columns(("FIELD", "VALUE"), [(k, str(v)) for k, v in shown.items()]), nl=False)
    else:
        click.echo(written(shown, output))
    return Exit.OK


def _refuse(found: Object) -> None:
    by_snapshot = at(found, "spec", "backup", "method") == "VolumeSnapshot"
    if not by_snapshot and not at(found, "spec", "backup", "target"):
        raise invalid(
            "there is no place for backups",
            field="spec.backup.target",
            remedy="add target.pvc with a size, or target.s3",
        )
    refuse_sleeping(found, "a stopped server can't be backed up")


def _proof(done: Done) -> Mapping[str, Any]:
    """The backup that was taken. Raises when there is none."""
    known = at(done.before, "status", "backups", "lastVerified", "id")
    taken = at(done.after, "status", "backups", "lastVerified") or {}
    if not taken or taken.get("id") == known:
        raise failed(key_of(done.after), "the controller is done, and has taken no backup")
    return {name: taken[name] for name in _PROOF if name in taken}
