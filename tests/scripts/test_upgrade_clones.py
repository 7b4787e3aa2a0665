"""An upgrade on a file system that clones files: as quick as links, and the old data stay apart."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from known_rows import EXPECTED, NAME, ROWS
from upgrading import hand_over, old_data, upgrade
from whole_servers import OWNER

from renderer.local.programs import give

if TYPE_CHECKING:
    from conftest import Machine

BIG = "CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 60000) n"
BIG_BYTES = 60_000_000


@pytest.fixture
def xfs(later: Machine) -> Iterator[Machine]:
    """The folders of 18, with an XFS of its own as the data volume."""
    program = shutil.which("mkfs.xfs", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None or os.geteuid() != 0:
        pytest.skip("a file system that clones needs root and mkfs.xfs (package xfsprogs)")
    image, volume = later.root / "xfs", later.volume("data")
    with image.open("wb") as file:
        file.truncate(1 << 30)
    subprocess.run([program, "-q", "-m", "reflink=1", str(image)], check=True)
    mount = ["mount", "-o", "loop", str(image), str(volume)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts no XFS: {done.stderr.strip()}")
    give(volume, OWNER)
    yield later
    later.end()
    subprocess.run(["umount", str(volume)], check=True)


def used(folder: Path) -> int:
    os.sync()
    return shutil.disk_usage(folder).used


def sums(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("transfer", ["Auto", "Clone"])
def test_files_are_cloned_and_the_old_ones_stay_apart(
    old: Machine, xfs: Machine, transfer: str
) -> None:
    old.start()
    old.psql(BIG.replace("TABLE", "TABLE IF NOT EXISTS"), PGDATABASE=NAME)
    old.stop()
    hand_over(old, xfs)
    before = used(xfs.volume("data"))

    result = upgrade(old, xfs, TRANSFER=transfer).json
    assert (result["transfer"], result["to"]) == ("Clone", "18")
    assert result["size"] > BIG_BYTES
    assert used(xfs.volume("data")) - before < result["size"] - BIG_BYTES // 2, "no table twice"

    converted = sums(old_data(xfs))
    xfs.start()
    assert xfs.psql(ROWS, PGDATABASE=NAME) == EXPECTED
    assert xfs.psql("SELECT count(*) FROM big", PGDATABASE=NAME) == "60000"
    xfs.psql("UPDATE big SET t = 'other'; CHECKPOINT", PGDATABASE=NAME)
    xfs.stop()
    assert sums(old_data(xfs)) == converted
    assert not (old_data(xfs) / "global" / "pg_control.old").exists()


def test_a_file_system_that_clones_nothing_is_told(old: Machine, new: Machine) -> None:
    result = upgrade(old, new, TRANSFER="Clone")
    if result.code == 0:
        pytest.skip("the file system of the temporary folder clones files")
    assert result.code == 65
    assert "can't clone files: set the transfer to Copy, Link or Auto" in result.message
    assert list(new.pgdata.parent.iterdir()) == []
