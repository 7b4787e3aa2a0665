"""restore.sh: a backup that was never verified is restored only when told, a damaged one never."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from damaged_backups import DAMAGES, dump, restore
from known_rows import EXPECTED, NAME, ROWS

if TYPE_CHECKING:
    from conftest import Machine

ALLOWED = {"ALLOW_UNVERIFIED": "1"}


def unfinished(backup: Path) -> None:
    """As a killed run leaves it."""
    (backup / "manifest.json").unlink()
    backup.rename(backup.with_name(f"{backup.name}.partial"))


UNPROVED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no-manifest": (lambda at: (at / "manifest.json").unlink(), "it has no manifest.json"),
    "unfinished": (unfinished, "it was not finished"),
}


@pytest.mark.parametrize("what", UNPROVED)
def test_a_backup_that_was_never_verified_is_restored_only_when_told_and_says_so(
    twin: Machine, backup: Path, what: str
) -> None:
    do, words = UNPROVED[what]
    sums = hashlib.sha256((backup / "SHA256SUMS").read_bytes()).hexdigest()
    do(backup)
    refused = restore(twin, backup)
    assert refused.code == 65
    assert f"was never verified: {words}; to restore it all the same, set spec" in refused.message
    result = restore(twin, backup, **ALLOWED).json
    assert (result["verified"], result["unproved"]) == (False, words)
    assert (result["sha256"], result["method"], result["rows"]) == (sums, "Logical", 5013)
    assert restore(twin, backup, **ALLOWED).json == result
    twin.start()
    assert twin.psql(ROWS, PGDATABASE=NAME) == EXPECTED


def test_a_verified_backup_that_may_be_unverified_is_told_as_verified(
    twin: Machine, backup: Path
) -> None:
    assert "verified" not in restore(twin, backup, **ALLOWED).json


def without_last_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


DAMAGED: dict[str, tuple[Callable[[Path], Any], str]] = {
    **{name: DAMAGES[name] for name in ("flipped", "truncated", "missing")},
    "no-sums": (lambda at: (at / "SHA256SUMS").unlink(), "without a whole SHA256SUMS"),
    "half-sums": (lambda at: without_last_line(at / "SHA256SUMS"), "without a whole SHA256SUMS"),
    "empty": (lambda at: [path.unlink() for path in at.iterdir()], "without a whole SHA256SUMS"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_backup_is_refused_also_when_it_may_be_unverified(
    twin: Machine, backup: Path, damage: str
) -> None:
    do, words = DAMAGED[damage]
    words = words.format(dump=dump(backup).name)
    (backup / "manifest.json").unlink()
    do(backup)
    result = restore(twin, backup, **ALLOWED)
    assert result.code == 65
    assert words in result.message
    assert list(twin.volume("data").rglob("*PG_VERSION")) == []
