"""The options that render, diff, check and commit share, and what they start from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from renderer import wiring
from renderer.cli.console import current
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.cli.folder import Empty, Folder
from renderer.cli.rendering import Shop
from renderer.cli.sources import Inputs, gather
from renderer.core.errors import invalid
from renderer.reconcile import Tip
from renderer.settings import Settings


def source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add PATHS, -f and --namespace."""
    function = click.option(
        "-n",
        "--namespace",
        default="",
        metavar="NAME",
        help="The namespace of SampleDBs that name none.",
    )(function)
    function = click.option(
        "-f",
        "--filename",
        "files",
        multiple=True,
        metavar="PATH",
        help="The same as PATHS, for fingers used to kubectl.",
    )(function)
    return click.argument("paths", nargs=-1, metavar="[PATHS]...")(function)


def folder_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --folder."""
    return click.option(
        "--folder",
        default="",
        metavar="DIR",
        help="Compare with the files of a plain folder, instead of --repository.",
    )(function)


def read(paths: Sequence[str], files: Sequence[str], namespace: str) -> Inputs:
    """Read the SampleDBs; that there are none is an error, never an empty result."""
    wanted = (*paths, *files)
    if not wanted:
        raise click.UsageError(
            "nothing to read: give files or folders, or - for stdin", click.get_current_context()
        )
    inputs = gather(wanted, namespace=namespace)
    if not inputs.documents and not inputs.findings:
        raise CommandError(
            Finding(
                rule=Rule.INPUT,
                file=", ".join(wanted),
                problem="no SampleDB found"
                + (f" among {inputs.others} documents of other kinds" if inputs.others else ""),
                remedy="look for 'kind: SampleDB' and 'apiVersion: sampledb.dev/v1'",
            )
        )
    if inputs.others:
        current().detail(f"{inputs.others} documents of other kinds were passed over")
    return inputs


@contextlib.contextmanager
def tip(settings: Settings, folder: str) -> Iterator[Tip]:
    """What the SampleDBs are rendered on: a folder, a branch's tip, or nothing."""
    if folder:
        if not Path(folder).is_dir():
            finding = Finding(rule=Rule.INPUT, file=folder, problem="no such folder")
            raise CommandError(finding)
        yield Folder(Path(folder))
    elif settings.repository.url:
        from renderer.cli import branch  # noqa: PLC0415 - GitPython: 0.15 s, only with a repository

        with branch.opened(settings) as found:
            yield found
    else:
        yield Empty()


def shop(settings: Settings, on: Tip, namespace: str, *, skip_unchanged: bool = False) -> Shop:
    """Put together what every SampleDB is rendered with."""
    chosen = settings.delivery
    if chosen.tool == "argocd" and not (chosen.repository_url or settings.repository.url):
        raise invalid(
            "Argo CD's Applications name the repository that they read from",
            field="delivery.repositoryUrl",
            remedy="give --delivery-repository URL or --repository URL",
        )
    return Shop(
        packs=wiring.packs(settings),
        place=wiring.place(settings),
        tip=on,
        namespace=namespace,
        skip_unchanged=skip_unchanged,
    )
