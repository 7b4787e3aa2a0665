"""`sampledb crd`."""

from __future__ import annotations

import click

from renderer.cli.commands import command as new_command
from renderer.core import crd, emit

_EXAMPLES = """
sampledb crd | kubectl apply --server-side -f -
sampledb crd > sampledbs.sampledb.dev.yaml
"""


@new_command("crd", examples=_EXAMPLES)
def command() -> None:
    """Print the CustomResourceDefinition of SampleDB."""
    click.echo(emit.dump(crd.definition()), nl=False)
