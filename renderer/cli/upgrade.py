"""`sampledb upgrade`: another version of the server."""

from __future__ import annotations

import click

from renderer.cli.asking import (
    How,
    ask,
    asking_options,
    follow,
    printed,
    refuse_deleting,
)
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.looking import looked
from renderer.cli.one import name_argument, output_option, written
from renderer.cli.options import CLUSTER, LAYOUT, READ, with_settings
from renderer.cli.rehearsal import dry_run_option, rehearse
from renderer.cluster.cache import key_of
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
@dry_run_option
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
    edit = {"spec": {"version": version}}
    if how.show:
        click.echo(printed(settings, name, edit))
        return Exit.OK
    with looked(settings, name) as look:
        found = look.found
        refuse_deleting(found)
        coming = rehearse(look, edit["spec"])
        if dry_run:
            coming.show(output)
            return Exit.OK
        asked = ask(look.cluster, found, edit, how)
        done = follow(look.cluster, asked, how)
    runs = ((done.get("status") or {}).get("engineVersion") or {}).get("running", "")
    shown = {"sampledb": str(key_of(done)), "version": version, "running": runs}
    told = f"{shown['sampledb']}: {version} is asked for; the server says that it is {runs}"
    click.echo(told if output == "text" else written(shown, output))
    return Exit.OK
