"""`sampledb render`: SampleDBs in, manifests out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from renderer.cli import inputs
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.findings import CommandError
from renderer.cli.options import LAYOUT, READ, with_settings
from renderer.cli.rendering import Rendered, render_all
from renderer.core.errors import invalid
from renderer.core.layout import KUSTOMIZATION_FILE
from renderer.git.change import Change
from renderer.settings import Settings

_EXAMPLES = """
# print what would be applied
sampledb render examples/minimal.yaml

# let a cluster look at it
sampledb render examples/minimal.yaml | kubectl apply --dry-run=server -f -

# write the files as the repository holds them
sampledb render databases/ -o out --path clusters/prod --delivery flux

# from another program
helm template chart | sampledb render -

# at the step that the repository's record says
sampledb render databases/ --repository https://git.example.com/deploy.git
"""


@new_command("render", examples=_EXAMPLES)
@inputs.source_options
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="DIR",
    help="Write the files below DIR, as the repository holds them; - prints them.",
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="Write the SampleDBs that are right, although others are wrong.",
)
@inputs.folder_option
@with_settings(*LAYOUT, *READ)
def command(  # noqa: PLR0913 - one argument for each option
    *,
    settings: Settings,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    output: str,
    keep_going: bool,
    folder: str,
) -> None:
    """Turn SampleDBs into manifests, on stdout or in a folder.

    PATHS are files, folders (read whole, *.yaml, *.yml, *.json) or - for stdin. With one
    SampleDB wrong nothing is written, unless --keep-going; every error is told either way.

    Printed are the objects; kustomization.yaml and apps/ are files for the repository, and
    come with -o DIR.
    """
    found = inputs.read(paths, files, namespace)
    with inputs.tip(settings, folder) as tip:
        rendered, wrong = render_all(found.documents, inputs.shop(settings, tip, namespace))
    findings = (*found.findings, *wrong)
    if findings and not keep_going:
        raise CommandError(*findings)
    _write(rendered, output)
    if findings:
        raise CommandError(*findings)


def _write(rendered: Iterable[Rendered], output: str) -> None:
    for one in rendered:
        if one.change is None:
            current().note(f"{one.key}: nothing to render: {one.plan.why}")
        elif output == "-":
            click.echo(stream(one.change), nl=False)
        else:
            removed = write(one.change, Path(output))
            for name in removed:
                current().warning(f"{one.key}: removed {name}, which was not rendered")


def stream(change: Change) -> bytes:
    """Write the objects as one YAML stream, each after the name of its file."""
    parts = []
    for name, content in (change.files or {}).items():
        if name != KUSTOMIZATION_FILE:
            parts.append(f"---\n# Source: {change.directory}/{name}\n".encode() + content)
    return b"".join(parts)


def write(change: Change, root: Path) -> list[str]:
    """Write one SampleDB's files below `root`; return what was removed from its folder."""
    folder = _real(root, change.directory)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = change.files or {}
    foreign = [item for item in sorted(folder.iterdir()) if item.name not in wanted]
    for item in foreign:
        if item.is_dir() and not item.is_symlink():
            raise invalid(
                "is a folder in a SampleDB's folder, which holds files only",
                field=str(item),
                remedy="move it away, or choose another --output",
            )
        item.unlink()
    for name, content in wanted.items():
        _real(folder, name).write_bytes(content)
    for path, beside in change.beside.items():
        file = _real(root, path)
        if beside is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(beside)
    return [str(item) for item in foreign]


def _real(root: Path, path: str) -> Path:
    """Join, and refuse a way that leads through a symbolic link."""
    current_path = root
    for part in path.split("/"):
        current_path = current_path / part
        if current_path.is_symlink():
            raise invalid(
                "a symbolic link may lead out of the output folder and is not followed",
                field=str(current_path),
                remedy="remove it, or choose another --output",
            )
    return current_path
