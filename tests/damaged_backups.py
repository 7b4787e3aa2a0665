"""A backup to restore, and what can have become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from known_rows import FILL, NAME, QUOTED

if TYPE_CHECKING:
    from conftest import Machine, Result

MEMBERS = """
    CREATE ROLE "man ""ager GRANTED BY" CREATEROLE; SET ROLE "man ""ager GRANTED BY";
    CREATE ROLE team; GRANT team TO "app's" WITH ADMIN OPTION;
    RESET ROLE; CREATE ROLE manager CREATEROLE; SET ROLE manager;
    CREATE ROLE "GRANTED BY"; GRANT "GRANTED BY" TO "app's";
"""
"""Who grants has CREATEROLE, and up to 15 no right of their own in the role."""


@pytest.fixture(scope="module")
def source(running: Machine) -> Machine:
    """A server with two databases, roles with passwords, and what belongs to them."""
    running.psql("CREATE ROLE \"app's\" LOGIN PASSWORD 'of the backup'")
    running.psql(f'''CREATE DATABASE {QUOTED} OWNER "app's"''')
    running.psql(MEMBERS)
    for sql in (
        FILL,
        "CREATE EXTENSION vector",
        "CREATE TABLE parts (n int) PARTITION BY RANGE (n)",
        "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)",
        "INSERT INTO parts SELECT generate_series(0, 9)",
        "CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one",
        'ALTER DATABASE "odd = \'name\' ""x""" SET work_mem = \'7MB\'',
        'CREATE TABLE "odd \'one" AS SELECT 1 AS "a b"',
    ):
        running.psql(sql, PGDATABASE=NAME)
    running.psql("CREATE TABLE also AS SELECT 1 AS one")
    return running


@pytest.fixture
def backup(source: Machine) -> Iterator[Path]:
    """A verified backup of it."""
    env = source.client(KEEP="9", REASON="Scheduled", MAX_AGE_DAYS="0")
    result = source.run("backup.sh", env).json
    yield source.volume("backups") / result["id"]
    source.empty("backups")


def restore(machine: Machine, backup: Path, *, before: str = "", **more: str) -> Result:
    at = {
        "BACKUP_DIR": str(backup.parent),
        "BACKUP_ID": backup.name,
        "BACKUP_SHA256": "",
        "DRILL": "",
        "OWNER": "app's",
        "OWNER_PASSWORD": "",
        "POSTGRES_PASSWORD": "",
        "PGUSER": "postgres",
        "WAIT_SECONDS": "60",
    }
    return machine.run("restore.sh", machine.env(**{**at, **more}), before=before)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def dump(backup: Path) -> Path:
    return max(backup.glob("*.dump"), key=lambda path: path.stat().st_size)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "flipped": (lambda at: flip(dump(at)), "is damaged: {dump}: FAILED"),
    "truncated": (
        lambda at: dump(at).write_bytes(dump(at).read_bytes()[:-1]),
        "is damaged: {dump}: FAILED",
    ),
    "missing": (lambda at: (at / "globals.sql").unlink(), "is damaged: sha256sum: globals.sql"),
    "sums": (lambda at: flip(at / "SHA256SUMS"), "SHA256SUMS is not the one"),
    "no-sums": (lambda at: (at / "SHA256SUMS").unlink(), "SHA256SUMS is not the one"),
    "unverified": (lambda at: (at / "manifest.json").unlink(), "it has no manifest.json"),
    "newer": (
        lambda at: (at / "manifest.json").write_text(
            (at / "manifest.json").read_text().replace('"version": "1', '"version": "91')
        ),
        "can't be restored into",
    ),
}
