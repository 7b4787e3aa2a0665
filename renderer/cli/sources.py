"""What the caller named on the command line, read: files, folders, stdin."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from renderer.cli.findings import CommandError, Finding, Rule, from_details
from renderer.core.documents import Document, read
from renderer.core.errors import InvalidError, SampleDBError
from renderer.core.layout import GROUP, KIND, TOMBSTONE_KIND

STDIN = "<stdin>"
_SIGNS = (KIND.encode(), f"apiVersion: {GROUP}/".encode())
SUFFIXES = (".yaml", ".yml", ".json")
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+):\d+$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The SampleDBs found, and what could not be read."""

    documents: tuple[Document, ...]
    """Every document of kind SampleDB, in the order in which it was found."""
    others: int
    """Documents of other kinds, which are passed over."""
    findings: tuple[Finding, ...]


def gather(
    paths: Sequence[str], *, namespace: str = "", skip: frozenset[Path] = frozenset()
) -> Inputs:
    """Read every SampleDB in `paths`; `-` is stdin, a folder is walked.

    `namespace` goes to those without one; folders in `skip` are passed over. Raises
    `CommandError` when a path isn't there.
    """
    documents: list[Document] = []
    findings: list[Finding] = []
    others = 0
    for name, content in contents(paths, skip):
        try:
            for document in read(content, source=name):
                if is_sampledb(document.value):
                    documents.append(document)
                else:
                    others += 1
        except InvalidError as error:
            findings.extend(placed(error, file=name))
    findings.extend(twice(documents, namespace))
    return Inputs(documents=tuple(documents), others=others, findings=tuple(findings))


def is_sampledb(value: object) -> bool:
    """Whether a document means to be a SampleDB: by its kind, or by its API's group."""
    if not isinstance(value, dict) or value.get("kind") == TOMBSTONE_KIND:
        return False
    return value.get("kind") == KIND or str(value.get("apiVersion", "")).startswith(f"{GROUP}/")


def contents(paths: Sequence[str], skip: frozenset[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each file; symbolic links inside a folder are not followed.

    Files of a folder that don't speak of a SampleDB are not read further: they may be
    templates or YAML that is none of our business.
    """
    for path in paths:
        if path == "-":
            yield STDIN, sys.stdin.buffer.read()
            continue
        walked = Path(path).is_dir()
        for file in files(Path(path)):
            if file.parent in skip:
                continue
            content = file.read_bytes()
            if not walked or any(sign in content for sign in _SIGNS):
                yield str(file), content


def files(path: Path) -> Iterable[Path]:
    """Every YAML and JSON file of a folder, sorted, hidden ones left out; or the file itself."""
    if not path.exists():
        raise CommandError(
            Finding(
                rule=Rule.INPUT,
                file=str(path),
                problem="no such file or folder",
                remedy="correct the path, or give - to read from stdin",
            )
        )
    if not path.is_dir():
        return [path]
    return sorted(
        item
        for item in path.rglob("*")
        if item.suffix in SUFFIXES
        and not any(part.startswith(".") for part in item.relative_to(path).parts)
        and item.is_file()
        and not item.is_symlink()
    )


def placed(
    error: SampleDBError, *, file: str = "", document: Document | None = None, key: str = ""
) -> tuple[Finding, ...]:
    """Turn an error into findings with file and line, from the document or from the text."""
    found = []
    for finding in from_details(error.details, Rule.INPUT, file=file, key=key):
        match = _PLACE.match(finding.field)
        if match and (not file or match["file"] == file):
            place = replace(finding, field="", file=match["file"], line=int(match["line"]))
        elif document is not None:
            line = document.line(finding.field)
            place = replace(finding, file=document.source, line=line)
        else:
            place = finding
        found.append(place)
    return tuple(found)


def twice(documents: Iterable[Document], namespace: str = "") -> Iterator[Finding]:
    """Find SampleDBs that are given more than once."""
    first: dict[tuple[str, str], Document] = {}
    for document in documents:
        metadata = document.value.get("metadata")
        if not isinstance(metadata, dict):
            continue
        name = (str(metadata.get("namespace") or namespace), str(metadata.get("name")))
        seen = first.setdefault(name, document)
        if seen is not document:
            yield Finding(
                rule=Rule.INPUT,
                file=document.source,
                line=document.line("metadata.name"),
                field="metadata.name",
                problem=f"this SampleDB is given twice: first in {seen.source}:{seen.first_line}",
                value=repr(name[1]),
                remedy="remove one of the two, or give one another name",
                key="/".join(name),
            )
