"""A rendered folder, checked: is every file what was rendered, and nothing else there?

What was rendered is told by the record (the stamps of all children, and a digest of all
files), so that no cluster, no SampleDB and no template pack is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from renderer.cli.findings import Finding, Rule, from_details
from renderer.cli.sources import placed
from renderer.core import emit, fields, manifests, schemas
from renderer.core.documents import Document, one
from renderer.core.errors import InvalidError
from renderer.core.layout import (
    HASH_ANNOTATION,
    KUSTOMIZATION_FILE,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    RECORD_FILE,
    Key,
)
from renderer.core.objects import blob_id
from renderer.core.record import Record

Base = Callable[[str], bytes | None]
"""A file's content before it was edited, when that can be told."""
_STAMP = fields.path_of("metadata", "annotations", HASH_ANNOTATION)
_BY_HAND = "this is not what was rendered: it was edited by hand"
_RESTORE = "change the SampleDB instead, and restore the file with 'git checkout' or 'git revert'"
_ENGINE_LABEL = "app.kubernetes.io/name"


def folders(root: Path) -> Iterator[Path]:
    """Find every rendered folder at or below `root`: those with a record of ours."""
    records = [root / RECORD_FILE, *root.rglob(f"*/{RECORD_FILE}")] if root.is_dir() else []
    for file in sorted(set(records)):
        if file.is_file() and not file.is_symlink() and is_record(file.read_bytes()):
            yield file.parent


def is_record(content: bytes) -> bool:
    """Whether a record.yaml is one of ours, though it may be broken."""
    return MANAGED_BY_LABEL.encode() in content and MANAGED_BY.encode() in content


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    name: str
    files: Mapping[str, bytes]
    key: Key
    record: Record
    base: Base

    def path(self, name: str) -> str:
        return f"{self.name}/{name}" if self.name not in {"", "."} else name

    def finding(self, rule: Rule, name: str, problem: str, **more: Any) -> Finding:  # noqa: ANN401 - fields of Finding
        return Finding(rule=rule, problem=problem, file=self.path(name), key=str(self.key), **more)


def check(name: str, files: Mapping[str, bytes], base: Base) -> tuple[Finding, ...]:
    """Check the folder `name`, whose files are `files`."""
    path = f"{name}/{RECORD_FILE}" if name not in {"", "."} else RECORD_FILE
    try:
        document = one(files[RECORD_FILE], source=path)
        key = _key(document)
        record = manifests.read_record(files[RECORD_FILE], source=path)
    except InvalidError as error:
        return tuple(replace(item, rule=Rule.EDITED) for item in placed(error, file=path))
    folder = _Folder(name=name, files=files, key=key, record=record, base=base)
    engine = str(document.value["metadata"].get("labels", {}).get(_ENGINE_LABEL, ""))
    found = list(_children(folder))
    foreign = {item.file for item in found if item.rule in {Rule.FOREIGN, Rule.SECRET}}
    missing = list(_missing(folder))
    found += missing or _kustomization(
        folder, {name for name in files if folder.path(name) in foreign}
    )
    if not found:
        found += _record(folder, engine)
    return tuple(found)


def _key(document: Document) -> Key:
    metadata = document.value.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    name = str(metadata.get("name", "")).removesuffix("-record")
    return Key(namespace=str(metadata.get("namespace", "")), name=name)


def _children(folder: _Folder) -> Iterator[Finding]:
    for name, content in sorted(folder.files.items()):
        if name in {RECORD_FILE, KUSTOMIZATION_FILE}:
            continue
        if not name.endswith(".yaml"):
            yield _foreign(folder, name)
            continue
        try:
            document = one(content, source=folder.path(name))
        except InvalidError as error:
            found = placed(error, file=folder.path(name), key=str(folder.key))
            yield from (replace(item, rule=Rule.EDITED) for item in found)
            continue
        yield from _child(folder, name, document)


def _child(folder: _Folder, name: str, document: Document) -> Iterator[Finding]:
    value = document.value
    metadata = value.get("metadata")
    if value.get("kind") == "Secret" or not isinstance(metadata, dict):
        yield from _problems(folder, document)
        return
    known = folder.record.children.get(f"{value.get('kind')}/{metadata.get('name')}")
    if known is None:
        yield _foreign(folder, name)
        return
    annotations = metadata.get("annotations")
    shown = annotations.get(HASH_ANNOTATION) if isinstance(annotations, dict) else None
    content = folder.files[name]
    if manifests.content_hash(value) != known.content_hash or shown != known.content_hash:
        yield _edited(folder, name, document.line(_STAMP))
    elif emit.dump(value) != content:
        yield _edited(folder, name, difference(emit.dump(value), content))
    yield from _problems(folder, document)


def _problems(folder: _Folder, document: Document) -> Iterator[Finding]:
    """What Kubernetes, or the last gate before a commit, would refuse."""
    value = document.value
    rule = Rule.SECRET if value.get("kind") == "Secret" else Rule.SCHEMA
    details = list(manifests.problems(value, key=folder.key))
    if not details:
        details = list(schemas.validate(value, source=""))
    for item in from_details(details, rule, file=document.source, key=str(folder.key)):
        field = item.field.removeprefix(": ")
        yield replace(item, field=field, line=document.line(field))


def _foreign(folder: _Folder, name: str) -> Finding:
    return folder.finding(
        Rule.FOREIGN,
        name,
        "this file was not rendered, and the folder belongs to the renderer",
        line=1,
        remedy="move it to a folder of your own: the next commit removes it here",
    )


def _edited(folder: _Folder, name: str, line: int) -> Finding:
    """Point to the line: the first that differs from the base, else the one that is given."""
    content = folder.files[name]
    before = folder.base(folder.path(name))
    if before is not None and before != content:
        line = difference(before, content)
    text = content.decode(errors="replace").splitlines()
    value = repr(text[line - 1].strip()) if 0 < line <= len(text) else ""
    if HASH_ANNOTATION in value:
        value = ""  # the stamp is right, and what it stamps is not: which line, it can't tell
    return folder.finding(Rule.EDITED, name, _BY_HAND, line=line, value=value, remedy=_RESTORE)


def difference(before: bytes, after: bytes) -> int:
    """The first line of `after`, from 1, that is not as in `before`."""
    old, new = before.split(b"\n"), after.split(b"\n")
    for number, (left, right) in enumerate(zip(old, new, strict=False), start=1):
        if left != right:
            return number
    return max(1, min(len(old), len(new)) - (1 if after.endswith(b"\n") else 0))


def _missing(folder: _Folder) -> Iterator[Finding]:
    """What the record names and no file holds. Pods are in the record, and not in Git."""
    held = set()
    for name, content in folder.files.items():
        if name.endswith(".yaml"):
            try:
                value = one(content, source=name).value
            except InvalidError:
                return  # told already; which object it was can't be said
            metadata = value.get("metadata")
            held.add(f"{value.get('kind')}/{(metadata or {}).get('name')}")
    for child in sorted(folder.record.children):
        if child not in held and not child.startswith("Pod/"):
            yield folder.finding(
                Rule.MISSING,
                RECORD_FILE,
                f"the file of {child} is not there",
                remedy="restore it with 'git checkout' or 'git revert'",
            )


def _kustomization(folder: _Folder, foreign: Container[str]) -> Iterator[Finding]:
    content = folder.files.get(KUSTOMIZATION_FILE)
    names = [name for name in folder.files if name not in foreign]
    if content is None:
        remedy = "restore it with 'git checkout' or 'git revert'"
        yield folder.finding(
            Rule.MISSING, RECORD_FILE, f"{KUSTOMIZATION_FILE} is not there", remedy=remedy
        )
    elif content != manifests.kustomization(names):
        yield _edited(
            folder, KUSTOMIZATION_FILE, difference(manifests.kustomization(names), content)
        )


def _record(folder: _Folder, engine: str) -> Iterator[Finding]:
    """The record itself: its form, and its digest of all the others."""
    content = folder.files[RECORD_FILE]
    wanted = emit.dump(manifests.record_document(folder.record, key=folder.key, engine=engine))
    if content != wanted:
        yield _edited(folder, RECORD_FILE, difference(wanted, content))
        return
    digests = {
        manifests.files_digest({name: blob_id(text, form) for name, text in folder.files.items()})
        for form in ("sha1", "sha256")
    }
    if folder.record.files_digest not in digests:
        yield _edited(folder, RECORD_FILE, 1)
