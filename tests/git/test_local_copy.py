"""The local copy survives kills and damage, and is used by one process at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.git_bare import QUICK, Bare, change, make_bare

from renderer.git.cache import location
from renderer.git.change import Committed
from renderer.git.errors import CacheError
from renderer.git.remote import Remote
from renderer.git.repository import Repository

Opener = Callable[..., Repository]


def test_a_copy_is_used_by_one_process_at_a_time(opened: Opener) -> None:
    first = opened()
    with pytest.raises(CacheError, match="another process uses the local copy"):
        opened()
    first.close()
    opened()


def test_locks_and_half_written_packs_of_a_killed_process_are_cleared(
    opened: Opener,
) -> None:
    repository = opened()
    repository.publish([change()])
    repository.close()
    for name in (
        "config.lock",
        "refs/sampledb/tip.lock",
        "objects/pack/tmp_pack_x",
        "packed-refs.lock",
    ):
        (repository.folder / name).write_bytes(b"half")
    again = opened()
    assert isinstance(again.publish([change("stock")])[0], Committed)
    assert not list(again.folder.glob("objects/pack/tmp_*"))
    assert again.folder == repository.folder


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda folder: (folder / "HEAD").write_text("?"), id="HEAD"),
        pytest.param(lambda folder: (folder / "config").unlink(), id="config"),
        pytest.param(
            lambda folder: (folder / "refs/sampledb/tip").write_text("1" * 40 + "\n"), id="tip"
        ),
        pytest.param(
            lambda folder: [
                (path.chmod(0o644), path.write_bytes(b"?")) for path in folder.glob("objects/??/*")
            ],
            id="objects",
        ),
    ],
)
def test_a_damaged_copy_is_made_anew(
    opened: Opener, bare: Bare, damage: Callable[[Path], object]
) -> None:
    repository = opened()
    repository.publish([change()])
    repository.close()
    damage(repository.folder)
    again = opened()
    assert again.tip == bare.tip()
    assert isinstance(again.publish([change("stock")])[0], Committed)


def test_a_copy_damaged_while_open_is_made_anew_by_the_next_fetch(
    opened: Opener, bare: Bare
) -> None:
    repository = opened()
    repository.publish([change()])
    for path in repository.folder.glob("objects/??/*"):
        path.unlink()
    with pytest.raises(CacheError):
        repository.snapshot("")
    repository.fetch()
    assert repository.tip == bare.tip()
    assert isinstance(repository.publish([change("stock")])[0], Committed)


def test_a_repository_made_anew_in_another_format_gets_a_new_copy(
    opened: Opener, bare: Bare, tmp_path: Path
) -> None:
    repository = opened()
    repository.close()
    bare.folder.rename(tmp_path / "old")
    other = make_bare(bare.folder, "sha256")
    assert isinstance(opened().publish([change()])[0], Committed)
    assert len(other.tip()) == 64


def test_a_killed_process_leaves_a_copy_that_works(
    opened: Opener, bare: Bare, tmp_path: Path
) -> None:
    script = (
        "import sys, pathlib\n"
        "sys.path.insert(0, sys.argv[3])\n"
        "from servers.git_bare import change\n"
        "from renderer.git.remote import Remote\n"
        "from renderer.git.repository import Repository\n"
        "repository = Repository.open(Remote(url=sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
        "print('open', flush=True)\n"
        "for number in range(10**6):\n"
        "    repository.publish([change(f'db-{number}-{n}') for n in range(20)])\n"
        "    print(number, flush=True)\n"
    )
    tests = Path(__file__).parent.parent
    for turn in range(3):
        command = [
            sys.executable,
            "-c",
            script,
            str(bare.folder),
            str(tmp_path / "cache"),
            str(tests),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(0.05 * turn)  # somewhere in the middle, not after something
            os.kill(process.pid, signal.SIGKILL)
        remote = Remote(url=str(bare.folder), limits=QUICK)
        repository = opened(remote)
        repository.fetch()
        assert isinstance(repository.publish([change(f"after-{turn}")])[0], Committed)
        repository.close()
    bare.git("fsck", "--strict")


def test_many_small_publishes_are_packed_now_and_then(opened: Opener) -> None:
    repository = opened()
    repository.publish([change()])
    (repository.folder / "objects" / "17").mkdir(exist_ok=True)
    for number in range(40):
        (repository.folder / "objects" / "17" / f"{number:038x}").write_bytes(b"")
    repository.publish([change("stock")])
    assert list(repository.folder.glob("objects/pack/*.pack"))
    repository.fetch()
    assert repository.read("databases/team-a/stock/record.yaml") == b"record: a\n"


def test_copies_are_named_for_their_repository_and_branch(tmp_path: Path) -> None:
    places = {
        location(Remote(url=url, branch=branch), tmp_path)
        for url in ("https://h/a/deploy.git", "https://h/b/deploy.git")
        for branch in ("main", "other")
    }
    assert len(places) == 4
    assert all(place.name.startswith("deploy-git-") for place in places)


def test_a_cache_folder_that_can_not_be_written_is_told(bare: Bare, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="can't be written"):
        Repository.open(Remote(url=str(bare.folder)), tmp_path / "file" / "cache")
