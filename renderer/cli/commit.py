"""`sampledb commit`: render and push, once, without a cluster."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

import click

from renderer.cli import branch, inputs
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.failures import explain
from renderer.cli.findings import Finding
from renderer.cli.options import LAYOUT, with_settings
from renderer.cli.rendering import Rendered, named, render_all
from renderer.cli.table import columns, objects
from renderer.core.documents import Document
from renderer.git.bulk import ENOUGH, Bulk
from renderer.git.change import Committed, Outcome, Refused, Superseded, Unchanged
from renderer.git.repository import Repository
from renderer.reconcile import Tip
from renderer.settings import Settings

_EXAMPLES = """
# commit a folder of SampleDBs
sampledb commit databases/ --repository git@github.com:example/deploy.git --path clusters/prod

# over HTTPS, with a token in a file
sampledb commit databases/ --repository https://git.example.com/deploy.git --token-file token

# for a program
sampledb commit databases/ --config sampledb.yaml -o json

# only say what would be done
sampledb commit databases/ --config sampledb.yaml --dry-run
"""
BATCH = 1000
"""SampleDBs in one push: what is rendered is held in memory until it is pushed."""
_ATTEMPTS = 5
"""How often what somebody else wrote in the meantime is read and decided again."""


class Result(Enum):
    """What became of one SampleDB."""

    COMMITTED = "committed"
    WOULD = "would commit"
    UNCHANGED = "unchanged"
    PAUSED = "left alone"
    INVALID = "invalid"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the outcome."""

    sampledb: str
    result: Result
    commit: str = ""
    message: str = ""


@new_command("commit", examples=_EXAMPLES)
@inputs.source_options
@click.option("--dry-run", is_flag=True, help="Say what would be committed, and push nothing.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table")
@with_settings(*LAYOUT, "repository.*", "cluster.name")
def command(
    *,
    settings: Settings,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    dry_run: bool,
    output: str,
) -> int:
    """Render, commit and push, once. No cluster is needed.

    A SampleDB that is wrong is left out and told, and the others go (exit 2 all the same).
    Files of SampleDBs that are not among PATHS are left as they are. Nothing to change
    means no commit.
    """
    found = inputs.read(paths, files, namespace)
    count = len(found.documents)
    work = _Work(settings=settings, namespace=namespace, dry_run=dry_run, count=count)
    work.findings += found.findings
    with branch.opened(settings, to_write=not dry_run) as repository:
        for start in range(0, count, BATCH):
            work.settle(repository, found.documents[start : start + BATCH])
    _print(work.told, output)
    code = work.code
    if work.findings:
        code = max(code, Exit.INVALID)
        current().error(work.findings, exit_code=code)
    return code


@dataclass(slots=True, kw_only=True)
class _Work:
    """What the command was asked for, and what has come of it so far."""

    settings: Settings
    namespace: str
    dry_run: bool
    count: int
    """How many SampleDBs there are in all."""
    bulk: Bulk | None = None
    findings: list[Finding] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    code: Exit = Exit.OK

    def settle(self, repository: Repository, documents: Sequence[Document]) -> None:
        """Render and push some SampleDBs, again while others write what was decided on."""
        waiting = documents
        for attempt in range(_ATTEMPTS):
            with _progress(f"rendering {len(waiting)} SampleDBs"):
                tip = self._tip(repository, again=attempt > 0)
                shop = inputs.shop(self.settings, tip, self.namespace, skip_unchanged=True)
                rendered, wrong = render_all(waiting, shop)
            self.findings += wrong
            self.told += _invalid(waiting, rendered)
            lines, again, failed = _publish(repository, rendered, dry_run=self.dry_run)
            self.told += lines
            self.code = max(self.code, failed)
            if not again:
                return
            current().detail(f"attempt {attempt + 1}: {len(again)} were written by others")
            repository.fetch()
            waiting = again
        self.told += [_moving(document) for document in waiting]
        self.code = max(self.code, Exit.TRANSIENT)

    def _tip(self, repository: Repository, *, again: bool) -> Tip:
        """The repository, or all of it as read at once where that is quicker.

        What we pushed since touches other SampleDBs; what others did is noticed by the push.
        """
        if self.count < ENOUGH:
            return repository
        if self.bulk is None or again:
            self.bulk = Bulk(repository, self.settings.repository.path)
        return self.bulk


def _publish(
    repository: Repository, rendered: Sequence[Rendered], *, dry_run: bool
) -> tuple[list[Told], list[Document], Exit]:
    """Push in one go; return the lines, what is to be decided again, and the exit code."""
    told = [_untouched(one, repository.tip) for one in rendered if one.change is None]
    changed = [one for one in rendered if one.change is not None]
    if dry_run:
        would = [
            Told(sampledb=one.key, result=Result.WOULD, message=one.change.subject)
            for one in changed
            if one.change is not None
        ]
        return told + would, [], Exit.OK
    with _progress(f"pushing {len(changed)} changes"):
        outcomes = repository.publish([one.change for one in changed if one.change is not None])
    again: list[Document] = []
    code = Exit.OK
    for one, outcome in zip(changed, outcomes, strict=True):
        line, failed = _line(one, outcome)
        code = max(code, failed)
        if line is None:
            again.append(one.document)
        else:
            told.append(line)
    return told, again, code


def _line(one: Rendered, outcome: Outcome) -> tuple[Told | None, Exit]:
    match outcome:
        case Committed(commit=commit):
            message = one.change.subject if one.change is not None else ""
            line = Told(sampledb=one.key, result=Result.COMMITTED, commit=commit, message=message)
            return line, Exit.OK
        case Unchanged(commit=commit):
            return Told(sampledb=one.key, result=Result.UNCHANGED, commit=commit or ""), Exit.OK
        case Superseded():
            return None, Exit.OK
        case Refused(error=error):
            findings, code = explain(error)
            current().error(findings, exit_code=code)
            message = "; ".join(finding.sentence for finding in findings)
            return Told(sampledb=one.key, result=Result.REFUSED, message=message), code
    assert_never(outcome)


def _untouched(one: Rendered, tip: str | None) -> Told:
    if one.held.record is not None and one.plan.record == one.held.record:
        return Told(sampledb=one.key, result=Result.UNCHANGED, commit=tip or "")
    return Told(sampledb=one.key, result=Result.PAUSED, message=one.plan.why)


def _invalid(documents: Sequence[Document], rendered: Sequence[Rendered]) -> list[Told]:
    right = {id(one.document) for one in rendered}
    return [
        Told(
            sampledb=named(document) or document.source,
            result=Result.INVALID,
            message=f"see the errors of {document.source}",
        )
        for document in documents
        if id(document) not in right
    ]


def _moving(document: Document) -> Told:
    message = f"others wrote its folder {_ATTEMPTS} times in a row: run it again"
    return Told(sampledb=named(document), result=Result.REFUSED, message=message)


def _print(told: Sequence[Told], output: str) -> None:
    ordered = sorted(told, key=lambda line: line.sampledb)
    rows = [(line.sampledb, line.result.value, line.commit, line.message) for line in ordered]
    if output == "json":
        click.echo(objects(("sampledb", "result", "commit", "message"), rows))
    else:
        short = [(name, result, commit[:12], text) for name, result, commit, text in rows]
        click.echo(columns(("SAMPLEDB", "RESULT", "COMMIT", "MESSAGE"), short), nl=False)


@contextlib.contextmanager
def _progress(text: str) -> Iterator[None]:
    """Show a person at a terminal that something is going on."""
    if not sys.stderr.isatty() or current().verbosity < 0:
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - 0.1 s, only for people

    with Console(stderr=True, no_color=not current().colored(sys.stderr)).status(text):
        yield
