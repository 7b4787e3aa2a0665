"""`sampledb version`."""

from __future__ import annotations

import json
import platform

import click

from renderer import __version__
from renderer.cli.commands import command as new_command
from renderer.core.layout import API_VERSION

_EXAMPLES = """
sampledb version
sampledb version -o json
"""


@new_command("version", examples=_EXAMPLES)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def command(output: str) -> None:
    """Print the version."""
    if output == "text":
        click.echo(f"sampledb {__version__}")
        return
    shown = {"version": __version__, "api": API_VERSION, "python": platform.python_version()}
    click.echo(json.dumps(shown))
