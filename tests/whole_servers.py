"""All that a server holds, written down; its programs as a Job of another image finds them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awkward_databases import CONTENT

from renderer.local.programs import account, give

if TYPE_CHECKING:
    from scripts.conftest import Machine

OWNER = account()
WHO: dict[str, Any] = {"user": OWNER.uid, "group": OWNER.gid, "extra_groups": []} if OWNER else {}


def as_owner(made: Machine, program: Path, *arguments: str) -> str:
    """Run one of PostgreSQL's programs as the account that owns the data."""
    done = subprocess.run(
        [str(program), *arguments],
        env=made.client(),
        cwd="/",
        capture_output=True,
        timeout=120,
        check=False,
        **WHO,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")


def dumped(made: Machine, programs: Path) -> str:
    """What the running server holds, as the programs there write it down."""
    return as_owner(made, programs / "pg_dumpall", "-w")


def start_odd(made: Machine, server: Iterable[str]) -> None:
    """Start it without checksums; make what is odd, around its databases and in them."""
    made.start()
    made.stop()
    as_owner(made, made.bin / "pg_checksums", "--disable", "-D", str(made.pgdata))
    made.start()
    for statement in server:
        made.psql(statement)
    for database, sql in CONTENT.items():
        made.psql(sql, PGDATABASE=database)


def copy_programs(made: Machine) -> None:
    """Put the server's programs where a Job of another image finds them."""
    made.volume("programs").mkdir()
    made.volume("programs").chmod(0o777)
    env = made.env(PROGRAMS_DIR=str(made.volume("programs")))
    assert made.run("copy-programs.sh", env).json["version"].startswith(f"{made.version}.")


@contextmanager
def on(made: Machine, pgdata: Path) -> Iterator[None]:
    """Start the server on a copy of another data directory, for a while."""
    mine, aside = made.volume("data"), made.root / "aside"
    mine.rename(aside)
    mine.mkdir(mode=0o755)
    give(mine, OWNER)
    try:
        subprocess.run(["cp", "-a", str(pgdata.parent), str(mine)], check=True)
        made.start()
        yield
        made.stop()
    finally:
        shutil.rmtree(mine)
        aside.rename(mine)
