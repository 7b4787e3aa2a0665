"""Rendered objects, from what a template said to the files that are committed.

In order: `prepare` (one document of a template: normalised, its Pod template
stamped, a Job named by its content) → `stamp` (all of them) → `gate` (the last
check) → `files` (names and bytes, with the kustomization and the record).
"""

from renderer.core.manifests.files import (
    Staged,
    file_name,
    files,
    files_digest,
    kustomization,
)
from renderer.core.manifests.gate import ALLOWED, gate, problems
from renderer.core.manifests.hashes import content_hash, stamp, template_of
from renderer.core.manifests.normal import (
    Document,
    named_job,
    normalise,
    prepare,
    role_of,
    title,
    with_pod_stamp,
)
from renderer.core.manifests.record_file import read_record, record_document
from renderer.core.manifests.tombstone_file import is_tombstone, read_tombstone, tombstone_file

__all__ = [
    "ALLOWED",
    "Document",
    "Staged",
    "content_hash",
    "file_name",
    "files",
    "files_digest",
    "gate",
    "is_tombstone",
    "kustomization",
    "named_job",
    "normalise",
    "prepare",
    "problems",
    "read_record",
    "read_tombstone",
    "record_document",
    "role_of",
    "stamp",
    "template_of",
    "title",
    "tombstone_file",
    "with_pod_stamp",
]
