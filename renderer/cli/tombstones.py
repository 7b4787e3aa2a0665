"""`sampledb tombstones`: what was deleted, and what was kept of it."""

from __future__ import annotations

from typing import Any

import click

from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.one import output_option, written
from renderer.cli.options import READ, with_settings
from renderer.cli.table import columns
from renderer.cli.tombstone_files import Found, below
from renderer.core.tombstone import Tombstone
from renderer.settings import Settings

_EXAMPLES = """
sampledb tombstones --repository https://git.example.com/deploy.git --path clusters/prod

# of one name, in a checkout
sampledb tombstones team-a/orders --folder . --path clusters/prod

# bring the last one back
sampledb restore --from-tombstone team-a/orders --config sampledb.yaml | kubectl apply -f -
"""
_HEAD = ("TOMBSTONE", "DELETED", "VERSION", "KEPT", "SIZE")


@new_command("tombstones", examples=_EXAMPLES)
@click.argument("name", default="", metavar="[NAMESPACE[/NAME]]")
@click.option(
    "--folder", default="", metavar="DIR", help="Read a checkout, instead of --repository."
)
@output_option("table")
@with_settings("repository.path", *READ)
def command(*, settings: Settings, name: str, folder: str, output: str) -> int:
    """List the SampleDBs that were deleted, newest first, with what was kept of each.

    A tombstone is a file below tombstones/ that the deletion's last commit writes: the spec,
    and the proof of the final backup or the volume that was kept. No applier reads it, and
    the controller never changes it. Exit 2 when one of them was edited.
    """
    read = below(settings, folder, name.rstrip("/"))
    if output == "table":
        rows = [_row(one.tombstone) for one in read.found]
        if rows:
            click.echo(columns(_HEAD, rows), nl=False)
        elif not read.findings:
            current().note("there is no tombstone")
    else:
        click.echo(written({"tombstones": [_document(one) for one in read.found]}, output))
    if read.findings:
        current().error(read.findings, exit_code=Exit.INVALID)
        return Exit.INVALID
    return Exit.OK


def _row(found: Tombstone) -> tuple[str, ...]:
    grave = found.grave
    kept = [*(grave.kept.claims), *([grave.kept.backup.id] if grave.kept.backup else [])]
    size = str(grave.kept.backup.size) if grave.kept.backup else ""
    name = f"{found.key}/{found.id}"
    return name, grave.deleted.at, grave.data.version or grave.data.major, ", ".join(kept), size


def _document(found: Found) -> dict[str, Any]:
    one = found.tombstone
    backup = one.grave.kept.backup
    shown: dict[str, Any] = {
        "namespace": one.key.namespace,
        "name": one.key.name,
        "id": one.id,
        "file": found.file,
        "deletedAt": one.grave.deleted.at,
        "version": one.grave.data.version or one.grave.data.major,
        "claims": list(one.grave.kept.claims),
    }
    if backup is not None:
        proof = {"id": backup.id, "size": backup.size, "sha256": backup.sha256}
        shown["backup"] = {**proof, "method": backup.method, "claim": backup.target.claim}
    return shown
