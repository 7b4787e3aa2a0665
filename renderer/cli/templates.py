"""`sampledb templates`: list and check template packs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from renderer import templating
from renderer.cli import reports
from renderer.cli.commands import Entry, LazyGroup
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.findings import Finding, Rule, from_details
from renderer.cli.table import columns, objects
from renderer.core.errors import InvalidError

_CHECK = """
# a pack of your own, before it is used
sampledb templates check ./templates/postgresql

# the built-in ones
sampledb templates check postgresql

# on a pull request
sampledb templates check -o github ./templates/postgresql
"""
_LIST = """
sampledb templates list
sampledb templates list --templates ./templates -o json
"""
_HEAD = ("engine", "versions", "roles", "place")

group = LazyGroup(
    name="templates",
    help="List and check template packs.",
    entries={
        "check": Entry(
            place="renderer.cli.templates:check",
            section="Commands",
            summary="Find what is wrong in a template pack.",
        ),
        "list": Entry(
            place="renderer.cli.templates:show",
            section="Commands",
            summary="List the packs that can be used.",
        ),
    },
)


@new_command("check", examples=_CHECK)
@click.argument("packs", nargs=-1, required=True, metavar="PACK...")
@click.option(
    "-o",
    "--output",
    type=click.Choice(list(reports.WRITERS)),
    default="text",
    help="How findings are written.",
)
def check(packs: Sequence[str], output: str) -> int:
    """Find what is wrong in template packs; exit 1 when something is.

    PACK is a folder with a pack.yaml, or the name of a built-in pack. Each template is
    rendered for each version, plain and with everything switched on, and each document is
    compared with Kubernetes' schemas and with the rules for what may be committed.
    """
    findings: list[Finding] = []
    for name in packs:
        folder = Path(name)
        try:
            pack = templating.load(folder if folder.is_dir() else templating.find(name))
            details = templating.check(pack)
        except InvalidError as error:
            details = error.details
        findings += from_details(details, Rule.TEMPLATES, key=name)
    report = reports.Report(findings=tuple(findings), checked=tuple(packs))
    click.echo(reports.WRITERS[output](report), nl=False)
    current().note(f"checked {len(packs)}: {len(findings)} findings")
    return Exit.FOUND if findings else Exit.OK


@new_command("list", examples=_LIST)
@click.option("--templates", default="", metavar="DIR", help="Folder with packs of your own.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table")
def show(templates: str, output: str) -> None:
    """List the packs that can be used."""
    rows = []
    for folder in templating.folders(Path(templates) if templates else None):
        pack = templating.load(folder)
        roles = [role.value for role in pack.declared.roles]
        rows.append((pack.name, list(pack.declared.versions), roles, str(folder)))
    if output == "json":
        click.echo(objects(_HEAD, rows))
        return
    shown = [(name, ",".join(versions), str(len(roles)), at) for name, versions, roles, at in rows]
    click.echo(columns([head.upper() for head in _HEAD], shown), nl=False)
