"""A directory: names, kustomization, digest; ids that are Git's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from renderer.core import documents, manifests, objects
from renderer.core.errors import InvalidError
from renderer.core.layout import JOBS, Key, Role
from renderer.core.record import Record

Document = dict[str, Any]
RECORD = Record(generation=1, input_digest="x")


def _staged(everything: list[Document], key: Key, engine: str) -> manifests.Staged:
    stamped, stamps = manifests.stamp(everything, {}, 1)
    record = replace(RECORD, children=stamps)
    return manifests.files(stamped, record, key=key, engine=engine)


def test_one_object_a_file_and_the_kustomization_lists_them(
    everything: list[Document], key: Key, engine: str
) -> None:
    content = _staged(everything, key, engine).content
    names = sorted(content)
    jobs = [name for name in names if name.startswith("job-")]
    assert list(content) == names
    assert len(names) == len(Role) + 2
    assert [name[:-14] for name in jobs] == sorted(role.value for role in JOBS)
    kustomization = documents.one(content["kustomization.yaml"], source="k").value
    assert kustomization["resources"] == [n for n in names if n != "kustomization.yaml"]


def test_the_record_knows_the_digest_of_the_other_files(
    everything: list[Document], key: Key, engine: str
) -> None:
    staged = _staged(everything, key, engine)
    read = manifests.read_record(staged.content["record.yaml"], source="r")
    blobs = {name: objects.blob_id(text) for name, text in staged.content.items()}
    assert read == staged.record
    assert read.files_digest == manifests.files_digest(blobs)
    blobs["record.yaml"] = "anything"
    assert read.files_digest == manifests.files_digest(blobs)
    blobs["service.yaml"] = "anything"
    assert read.files_digest != manifests.files_digest(blobs)


def test_the_same_input_gives_the_same_bytes(
    everything: list[Document], key: Key, engine: str
) -> None:
    first = _staged(everything, key, engine)
    second = _staged(everything[::-1], key, engine)
    assert first == second


def test_an_object_without_a_role_has_no_file(
    rendered: Callable[[Role], Document], key: Key
) -> None:
    with pytest.raises(InvalidError, match="has no role"):
        manifests.files([rendered(Role.SERVICE)], RECORD, key=key, engine="x")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_ids_are_gits_own(algorithm: str, tmp_path: Path) -> None:
    files = {"b.yaml": b"b: 1\n", "a.yaml": b"", "c": "é".encode()}
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", f"--object-format={algorithm}"], check=True)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run([*git, "add", "."], check=True)
    tree = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True).stdout
    lines = subprocess.run(
        [*git, "ls-tree", tree.strip()], check=True, capture_output=True, text=True
    )
    listed = {line.split("\t")[1]: line.split()[2] for line in lines.stdout.splitlines()}
    assert objects.tree_id(files, algorithm) == tree.strip()
    assert {n: objects.blob_id(c, algorithm) for n, c in files.items()} == listed
