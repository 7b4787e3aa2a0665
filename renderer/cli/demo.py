"""`sampledb demo`: a SampleDB goes all the way round, on this machine, for real.

A cluster of processes (API server, applier, node), the controller as it runs in
production, a bare Git repository and a PostgreSQL server; nothing is left at the end.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import click

import renderer
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.demo_story import Story
from renderer.cli.demo_view import View
from renderer.cli.exits import Exit
from renderer.core import documents

_EXAMPLES = """
# the whole round: create, change, delete
sampledb demo

# with a SampleDB of your own
sampledb demo -f examples/minimal.yaml

# leave the cluster up, for kubectl and for reading the repository
sampledb demo --keep
"""


@new_command("demo", examples=_EXAMPLES)
@click.option(
    "-f",
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A SampleDB to use instead of the built-in example.",
)
@click.option("--keep", is_flag=True, help="Wait for Enter with the database up, before deletion.")
def command(file: Path | None, *, keep: bool) -> int:
    """Watch a SampleDB go all the way round, on this machine.

    Starts a cluster of local processes with a Git repository and the controller, orders
    a database, changes a parameter, deletes it, and shows each commit, each condition and
    the answers of the real PostgreSQL server. Leaves nothing running. Linux only.
    """
    if current().verbosity < 1:
        logging.disable(logging.WARNING)
    source = file or example()
    document = documents.one(source.read_bytes(), source=str(source)).value
    view = View(began=time.monotonic())
    with Story(document=document, source=source, view=view).begun() as story:
        story.create()
        story.change()
        if keep:
            story.pause()
        story.delete()
        story.summarise()
    return Exit.OK


def example() -> Path:
    """The built-in example: in a checkout examples/minimal.yaml, else its copy in the wheel."""
    package = Path(renderer.__file__).parent
    checkout = package.parent / "examples" / "minimal.yaml"
    return checkout if checkout.is_file() else package / "local" / "example.yaml"
