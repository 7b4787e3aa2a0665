"""`sampledb completion`: click's own scripts, for the shell's start-up file."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from renderer.cli.commands import command as new_command

_EXAMPLES = """
source <(sampledb completion bash)
source <(sampledb completion zsh)
sampledb completion fish > ~/.config/fish/completions/sampledb.fish
"""


@new_command("completion", examples=_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL."""
    found = get_completion_class(shell)
    if found is None:  # click serves all three that the argument allows
        raise click.UsageError(shell)
    root = click.get_current_context().find_root().command
    script = found(root, {}, "sampledb", "_SAMPLEDB_COMPLETE")
    click.echo(script.source())
