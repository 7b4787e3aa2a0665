"""The files of one SampleDB's directory: one object a file, names and bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from renderer.core import emit, layout
from renderer.core.errors import invalid
from renderer.core.layout import ROLE_LABEL, Key, Role
from renderer.core.manifests.normal import role_of, title
from renderer.core.manifests.record_file import record_document
from renderer.core.objects import blob_id
from renderer.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A directory, ready to be committed."""

    record: Record
    """The record as it was written: with the digest of the other files."""
    content: Mapping[str, bytes]
    """File name → bytes, in name order."""


def files(
    stamped: Sequence[Mapping[str, Any]],
    record: Record,
    *,
    key: Key,
    engine: str,
    algorithm: str = "sha1",
) -> Staged:
    """Write stamped documents, the kustomization and the record.

    `record.children` must be the stamps already; `files_digest` is computed here, from the
    ids that a repository of `algorithm` (sha1 or sha256) gives the other files.
    """
    content = {_file_of(document): emit.dump(document) for document in stamped}
    content[layout.KUSTOMIZATION_FILE] = kustomization([*content, layout.RECORD_FILE])
    blobs = {name: blob_id(text, algorithm) for name, text in content.items()}
    record = replace(record, files_digest=files_digest(blobs))
    content[layout.RECORD_FILE] = emit.dump(record_document(record, key=key, engine=engine))
    return Staged(record=record, content=dict(sorted(content.items())))


def file_name(role: Role, document: Mapping[str, Any]) -> str:
    """Name an object's file: `<role>.yaml`, and `<role>-<hash>.yaml` for a Job."""
    if document.get("kind") != "Job":
        return f"{role.value}.yaml"
    return f"{role.value}-{document['metadata']['name'].rpartition('-')[2]}.yaml"


def kustomization(names: Iterable[str]) -> bytes:
    """Write the kustomization.yaml that lists `names`, sorted."""
    return emit.dump(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": sorted(set(names) - {layout.KUSTOMIZATION_FILE}),
        }
    )


def files_digest(blobs: Mapping[str, str]) -> str:
    """Return 16 hex digits over (file name, blob id) of every file but the record."""
    lines = sorted(
        f"{name}\0{blob}\n" for name, blob in blobs.items() if name != layout.RECORD_FILE
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _file_of(document: Mapping[str, Any]) -> str:
    role = role_of(document)
    if role is None:
        raise invalid(
            "has no role, so it can't be given a file",
            field=f"{title(document)}: metadata.labels[{ROLE_LABEL}]",
            remedy="let the template write the labels that it is given",
        )
    return file_name(role, document)
