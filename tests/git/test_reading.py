"""Reads at the tip, without a work tree."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from servers.git_bare import Bare, change

from renderer.core.objects import blob_id, tree_id
from renderer.git.errors import CacheError
from renderer.git.objects import ObjectFormat, parse_tree
from renderer.git.repository import Repository

Opener = Callable[..., Repository]


def test_an_empty_repository_holds_nothing(opened: Opener) -> None:
    repository = opened()
    assert repository.tip is None
    assert repository.read("a") is None
    assert repository.tree("databases") is None
    assert repository.listing("databases") == {}
    assert repository.snapshot("") == {}
    repository.fetch()


def test_what_others_wrote_is_seen_after_a_fetch(opened: Opener, bare: Bare) -> None:
    repository = opened()
    bare.write("a/b.yaml", "one")
    assert repository.read("a/b.yaml") is None
    repository.fetch()
    assert repository.read("a/b.yaml") == b"one"
    assert repository.tip == bare.tip()
    assert repository.tree("a") == bare.git("rev-parse", "main:a")


def test_links_are_listed_and_never_followed(opened: Opener, bare: Bare) -> None:
    bare.write("a/file", "x")
    bare.write("a/link", "file", mode="120000")
    bare.write("b", "a", mode="120000")
    repository = opened()
    assert sorted(repository.listing("a")) == ["file", "link"]
    assert repository.read("a/link") is None
    assert repository.read("b/file") is None
    assert repository.read("a") is None
    assert repository.tree("b") is None


def test_large_binary_empty_and_many_contents_are_read_back(opened: Opener) -> None:
    dice = random.Random(1)  # noqa: S311 -- no secret
    files = {f"f{number}": b"%d\0\n" % number for number in range(3000)}
    files |= {"empty": b"", "large": dice.randbytes(3_000_000), "lines": b"\n" * 1000}
    repository = opened()
    repository.publish([replace(change(), files=files)])
    again = opened(cache="second")
    listing = again.listing("databases/team-a/orders")
    found = again.read_many(listing.values())
    assert {name: found[blob] for name, blob in listing.items()} == files


def test_reading_goes_on_after_its_process_was_killed(opened: Opener, bare: Bare) -> None:
    bare.write("a/b.yaml", "one")
    repository = opened()
    assert repository.read("a/b.yaml") == b"one"
    for process in repository._objects._processes.values():  # noqa: SLF001 -- to kill it
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert repository.read("a/b.yaml") == b"one"


def test_reading_goes_on_after_something_was_missing(opened: Opener, bare: Bare) -> None:
    bare.write("a/b.yaml", "one")
    repository = opened()
    objects = repository._objects  # noqa: SLF001 -- past the fetch of what is missing
    with pytest.raises(CacheError, match="is missing"):
        list(objects.contents([bare.git("rev-parse", "main:a/b.yaml"), "1" * 40, bare.tip()]))
    assert objects.missing([bare.tip(), "1" * 40]) == ["1" * 40]
    assert repository.read("a/b.yaml") == b"one"


def test_threads_read_while_another_publishes(opened: Opener) -> None:
    repository = opened()
    repository.publish([change()])
    wrong: list[bytes | None] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = repository.read("databases/team-a/orders/service.yaml")
            if found != b"kind: Service\n":
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(5):
        repository.publish([change(f"db-{number}")])
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


@pytest.mark.parametrize("form", list(ObjectFormat), ids=lambda form: form.value)
def test_ids_are_computed_as_git_does(bare: Bare, form: ObjectFormat) -> None:
    if form is ObjectFormat.SHA256:
        bare.git("init", "--quiet", "--bare", "--object-format=sha256", "other.git")
        bare = Bare(bare.folder / "other.git")
    files = {"b": b"", "a.yaml": b"x", "a": b"\0", "ü": b"y"}
    for name, content in files.items():
        bare.write(f"d/{name}", content.decode())
    assert tree_id(files, form.value) == bare.git("rev-parse", "main:d")
    assert blob_id(b"x", form.value) == bare.git("rev-parse", "main:d/a.yaml")


def test_a_tree_is_parsed_whatever_its_names() -> None:
    raw = b"100644 a b\0" + b"\x00" * 20 + b"40000 \xff\0" + b" \n" * 10
    parsed = parse_tree(raw, ObjectFormat.SHA1)
    assert [(name, entry.mode) for name, entry in parsed.items()] == [
        ("a b", "100644"),
        ("\udcff", "40000"),
    ]
    assert parsed["\udcff"].id == "200a" * 10
