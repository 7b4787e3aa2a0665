"""`sampledb check`: what is wrong, where, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import click

from renderer.cli import inputs, rendered, reports, tombstone_files
from renderer.cli.baseline import baseline
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.cli.options import LAYOUT, READ, with_settings
from renderer.cli.rendering import named, render_all
from renderer.cli.sources import gather
from renderer.core.layout import RECORD_FILE, databases, tombstones
from renderer.git.repository import Repository
from renderer.reconcile import Tip
from renderer.settings import Settings

_EXAMPLES = """
# SampleDBs, before they are merged
sampledb check databases/

# a checkout of the deployment repository: are all rendered files as they were rendered?
sampledb check clusters/prod

# annotations on a pull request, on the line that was edited
sampledb check -o github --base origin/main .

# a branch, without a checkout
sampledb check --repository https://git.example.com/deploy.git --path clusters/prod

# for code scanning, for a test report
sampledb check -o sarif . > sampledb.sarif
sampledb check -o junit . > sampledb.xml
"""


@new_command("check", examples=_EXAMPLES)
@inputs.source_options
@click.option(
    "-o",
    "--output",
    type=click.Choice(list(reports.WRITERS)),
    default="text",
    help="How findings are written.",
)
@click.option(
    "--base",
    default="",
    metavar="REF",
    help="A commit or branch from before the edits: tells the line that was edited."
    "  [default: HEAD]",
)
@with_settings(*LAYOUT, *READ)
def command(
    *,
    settings: Settings,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    output: str,
    base: str,
) -> int:
    """Find what is wrong in SampleDBs and in rendered folders; exit 1 when something is.

    Each SampleDB in PATHS is read, rendered and compared with Kubernetes' schemas. Each
    rendered folder (one with a record.yaml) is compared with its record: edited, missing
    and foreign files, Secrets in plain text, manifests that Kubernetes refuses.
    """
    wanted = (*paths, *files)
    if not wanted and not settings.repository.url:
        raise click.UsageError(
            "nothing to check: give files or folders, or --repository",
            click.get_current_context(),
        )
    findings: list[Finding] = []
    checked: list[str] = []
    with inputs.tip(settings, "") as tip:
        for part, found in _parts(settings, wanted, namespace, base, tip):
            checked += part
            findings += found
    if not checked and not findings:
        where = ", ".join(wanted) or settings.repository.url
        problem = "nothing to check: no SampleDB and no rendered folder found"
        raise CommandError(Finding(rule=Rule.INPUT, file=where, problem=problem))
    _print(output, findings, checked)
    return Exit.FOUND if findings else Exit.OK


_Part = tuple[Sequence[str], Iterable[Finding]]
"""What was checked, and what was found."""


def _parts(
    settings: Settings, wanted: Sequence[str], namespace: str, base: str, tip: Tip
) -> Iterator[_Part]:
    ours = {folder for path in wanted if path != "-" for folder in rendered.folders(Path(path))}
    before = baseline(base)
    for folder in sorted(ours):
        held = {item.name: _content(item) for item in folder.iterdir() if not item.is_dir()}
        yield [str(folder)], rendered.check(str(folder), held, before)
    if wanted:
        found = gather(wanted, namespace=namespace, skip=frozenset(ours))
        _, wrong = render_all(found.documents, inputs.shop(settings, tip, namespace))
        names = [named(document) or document.source for document in found.documents]
        yield names, (*found.findings, *wrong)
        yield _tombstones(tombstone_files.check(wanted))
    if isinstance(tip, Repository):
        yield from _branch(settings, tip)
        yield _tombstones(tombstone_files.on_branch(tip, tombstones(settings.repository.path)))


def _tombstones(read: tombstone_files.Read) -> _Part:
    return [one.file for one in read.found], read.findings


def _content(file: Path) -> bytes:
    """A link is not followed: what it says itself is not what was rendered."""
    return str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()


def _branch(settings: Settings, tip: Repository) -> Iterator[_Part]:
    above = databases(settings.repository.path)
    for folder, listing in sorted(tip.snapshot(above).items()):
        if RECORD_FILE not in listing:
            continue
        held = tip.read_many(list(listing.values()))
        content = {name: held[blob] for name, blob in listing.items()}
        yield [folder], rendered.check(folder, content, lambda _path: None)


def _print(output: str, findings: Sequence[Finding], checked: Sequence[str]) -> None:
    report = reports.Report(
        findings=reports.ordered(findings),
        checked=tuple(str(PurePosixPath(name)) for name in checked),
        color=current().colored(sys.stdout),
    )
    current().out(reports.WRITERS[output](report), nl=False)
    count = len(findings)
    words = "nothing wrong" if not count else f"{count} finding{'s' if count > 1 else ''}"
    current().note(f"checked {len(checked)}: {words}")
