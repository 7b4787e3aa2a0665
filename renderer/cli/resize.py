"""`sampledb resize`: a larger data volume."""

from __future__ import annotations

import click

from renderer.cli.asking import How, asking_options, carry_out
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at
from renderer.cluster.cache import key_of
from renderer.settings import Settings

_EXAMPLES = """
sampledb resize team-a/orders --size 20Gi --wait

# the SampleDB is in Git: print the edit and commit it there
sampledb resize team-a/orders --size 20Gi --print
"""


@new_command("resize", examples=_EXAMPLES)
@name_argument
@click.option("--size", required=True, metavar="SIZE", help="Such as 20Gi; never less than it has.")
@asking_options
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, size: str, how: How) -> int:
    """Let the data volume grow: set spec.storage.size.

    A SampleDB that lies in Git itself is edited there; --print shows the edit. What Argo CD
    or Flux applies from Git is not edited here, unless --force is given.
    """
    done = carry_out(settings, name, {"storage": {"size": size}}, how)
    if done is not None:
        has = at(done.after, "status", "storage", "actual") or "nothing yet"
        click.echo(f"{key_of(done.after)}: {size} is asked for; the volume has {has}")
    return Exit.OK
