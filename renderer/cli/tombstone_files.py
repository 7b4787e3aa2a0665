"""Tombstones, read: from a file, from stdin, or by name out of the repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.cli.findings import CommandError, Finding
from renderer.cli.sources import SUFFIXES, contents, placed
from renderer.core import layout, manifests
from renderer.core.errors import InvalidError, invalid
from renderer.core.tombstone import Tombstone
from renderer.settings import Settings

if TYPE_CHECKING:
    from renderer.git.repository import Repository


_KIND = f'kind: "{layout.TOMBSTONE_KIND}"'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A tombstone and its file."""

    file: str
    tombstone: Tombstone


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was found, newest first, and what can't be read."""

    found: tuple[Found, ...]
    findings: tuple[Finding, ...]


def below(settings: Settings, folder: str, name: str) -> Read:
    """Every tombstone of `NAMESPACE[/NAME[/ID]]` in a checkout or in the repository; "" for all."""
    *names, wanted = [*name.split("/"), "", ""][:3] if name else ["", "", ""]
    parts = [layout.component(part, field="NAME") for part in names if part]
    above = layout.join(layout.tombstones(settings.repository.path), *parts)
    if folder:
        root = Path(folder) / above
        read = _read(contents([str(root)], frozenset()) if root.exists() else ())
    else:
        from renderer.cli import branch  # noqa: PLC0415 - GitPython: 0.15 s, only with a repository

        with branch.opened(settings) as repository:
            read = on_branch(repository, above)
    found = tuple(one for one in read.found if wanted in {"", one.tombstone.id})
    return replace(read, found=found)


def on_branch(repository: Repository, above: str) -> Read:
    """Every tombstone in the folder `above` of a branch."""
    ids = {
        layout.join(at, file): blob
        for at, listed in repository.snapshot(above).items()
        for file, blob in listed.items()
    }
    held = repository.read_many(list(ids.values()))
    return _read((path, held[blob]) for path, blob in ids.items())


def check(paths: Iterable[str]) -> Read:
    """Those among files and folders, wherever they lie."""
    files = contents([path for path in paths if path != "-"], frozenset())
    return _read((file, content) for file, content in files if _KIND in content)


def find(settings: Settings, folder: str, wanted: str) -> Found:
    """The one that `wanted` names: a file, `-`, or NAMESPACE/NAME[/ID].

    Raises when there is none, or several to choose from.
    """
    if wanted == "-" or wanted.endswith(SUFFIXES) or Path(wanted).is_file():
        read = _read(contents([wanted], frozenset()))
    else:
        name = wanted if "/" in wanted else f"{settings.cluster.namespace or 'default'}/{wanted}"
        read = below(settings, folder, name)
    if read.findings:
        raise CommandError(*read.findings)
    if len(read.found) == 1:
        return read.found[0]
    if not read.found:
        raise invalid(
            "there is no such tombstone",
            field="--from-tombstone",
            value=wanted,
            remedy="'sampledb tombstones' lists them; give NAMESPACE/NAME, or a file's path",
        )
    known = ", ".join(f"{one.tombstone.key}/{one.tombstone.id}" for one in read.found)
    problem = f"there are {len(read.found)} tombstones of that name, newest first: {known}"
    raise invalid(
        problem,
        field="--from-tombstone",
        value=wanted,
        remedy="give one of them",
    )


def _read(files: Iterable[tuple[str, bytes]]) -> Read:
    found: list[Found] = []
    findings: list[Finding] = []
    for file, content in files:
        try:
            found.append(Found(file=file, tombstone=manifests.read_tombstone(content, source=file)))
        except InvalidError as error:
            findings += placed(error, file=file)
    newest = sorted(found, key=_age, reverse=True)
    return Read(found=tuple(newest), findings=tuple(findings))


def _age(one: Found) -> tuple[str, str]:
    return one.tombstone.grave.deleted.at, one.tombstone.id
