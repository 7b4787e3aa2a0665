"""A stopped server of 16, the folders of 18 beside it, and the Job that converts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from known_rows import FILL, NAME, QUOTED
from whole_servers import copy_programs

if TYPE_CHECKING:
    from conftest import Machine, Result


@pytest.fixture(scope="module")
def old(machines: Any) -> Iterator[Machine]:
    """A server of 16 with rows, stopped cleanly, and its programs as another image has them."""
    made: Machine = machines("16")
    try:
        made.start()
        made.psql(f"""CREATE DATABASE {QUOTED}""")
        made.psql("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        made.psql(FILL, PGDATABASE=NAME)
        made.psql("CREATE EXTENSION vector", PGDATABASE=NAME)
        made.psql("CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one", PGDATABASE=NAME)
        made.psql("ALTER SYSTEM SET work_mem = '7MB'")
        made.stop()
        copy_programs(made)
        yield made
    finally:
        made.close()


@pytest.fixture
def later(machines: Any) -> Iterator[Machine]:
    """The folders of 18, empty."""
    made: Machine = machines("18")
    yield made
    made.close()


@pytest.fixture
def new(old: Machine, later: Machine) -> Machine:
    """The folders of 18, with the old data directory on the data volume."""
    hand_over(old, later)
    return later


def hand_over(old: Machine, new: Machine, volume: str = "data") -> None:
    copy = ["cp", "-a", str(old.volume("data") / "16"), str(new.volume(volume))]
    subprocess.run(copy, check=True)


def old_data(new: Machine) -> Path:
    return new.volume("data") / "16" / "docker"


def job(old: Machine, new: Machine, **more: str) -> dict[str, str]:
    at = {
        "OLD_PGDATA": str(old_data(new)),
        "OLD_BIN": str(old.volume("programs") / "bin"),
        "TRANSFER": "Auto",
        "CHECKSUMS": "",
        "CHECK": "",
        "PGUSER": "postgres",
        "WAIT_SECONDS": "60",
    }
    return new.env(**{**at, **more})


def upgrade(old: Machine, new: Machine, *, before: str = "", **more: str) -> Result:
    return new.run("upgrade.sh", job(old, new, **more), before=before)
