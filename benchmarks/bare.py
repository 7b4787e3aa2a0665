"""PostgreSQL's own programs, used as a careful person would by hand: the peer of `life.py`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from renderer.local.laptop import Laptop
from renderer.local.programs import give

SECONDS = 3600.0
JOBS = "2"


@dataclass(slots=True)
class Stopwatch:
    """Seconds of what was timed, by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Add the seconds of a block to `name`."""
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


class ByHand:
    """Servers of its own in one folder, and what is done to them, one program after another."""

    def __init__(self, laptop: Laptop, name: str) -> None:
        """Make the folder; it goes with the laptop cluster's."""
        self.laptop = laptop
        self.folder = laptop.folder / f"hand-{name}"
        self.folder.mkdir()
        give(self.folder, laptop.node.launcher.owner)
        self.watch = Stopwatch()

    def run(self, major: str, *command: str, env: dict[str, str] | None = None) -> str:
        """Run a program of `major`; raises `RuntimeError` with its words when it fails."""
        launcher = self.laptop.node.launcher
        given = {"PGHOST": str(self.folder), "PGUSER": "postgres", "TMPDIR": str(self.folder)}
        environment = launcher.environment(self.programs(major), given | (env or {}))
        code, output = launcher.run(command, environment, cwd=self.folder, seconds=SECONDS)
        if code:
            raise RuntimeError(f"{' '.join(command)}: {output}")
        return output

    def shell(self, major: str, script: str) -> str:
        """Run a line of shell."""
        return self.run(major, "/bin/sh", "-ec", script)

    def programs(self, major: str) -> Path:
        """The directory of the programs."""
        return self.laptop.node.programs.directory(major)

    def init(self, major: str, directory: str, *more: str) -> None:
        """Make a cluster with checksums, as the SampleDBs have them."""
        self.run(
            major, "initdb", "-D", directory, "-U", "postgres", "--auth=trust",
            "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", *more,
        )  # fmt: skip

    def start(self, major: str, directory: str, options: str = "") -> None:
        """Start its server, on a socket in the folder."""
        given = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' {options}"
        self.run(major, "pg_ctl", "-D", directory, "-s", "-w", "-l", "log", "-o", given, "start")

    def stop(self, major: str, directory: str) -> None:
        """Stop it, as `kubectl delete pod` would have it stopped."""
        self.run(major, "pg_ctl", "-D", directory, "-s", "-w", "-m", "fast", "stop")

    def load(self, major: str, scale: int) -> None:
        """Fill a database `app` as pgbench does."""
        self.run(major, "createdb", "app")
        self.run(major, "pgbench", "-q", "-i", "-s", str(scale), "app")

    def dump(self, major: str, to: str) -> None:
        """A logical backup, summed and read again."""
        self.shell(
            major,
            f"mkdir {to}; pg_dump -Fc -f {to}/app.dump app;"
            f"pg_dumpall --globals-only -f {to}/globals.sql;"
            f"pg_restore --file=/dev/null {to}/app.dump; cd {to}; sha256sum * > SUMS; sync *;"
            "sha256sum --check --quiet SUMS",
        )

    def copy(self, major: str, to: str) -> None:
        """A physical backup, read again."""
        self.run(
            major, "pg_basebackup", "-D", f"{to}/data", "--checkpoint=fast", "--wal-method=stream",
            "--manifest-checksums=SHA256",
        )  # fmt: skip
        self.shell(major, f"sync -f {to}; pg_verifybackup -q {to}/data")

    def restore_dump(self, major: str, backup: str, directory: str) -> None:
        """Into a new cluster, with the sums compared, statistics, and every row counted."""
        self.shell(major, f"cd {backup}; sha256sum --check --quiet SUMS")
        self.init(major, directory)
        self._load(major, directory, f"{backup}/app.dump")
        self.run(major, "vacuumdb", "--all", "--analyze-only", "--quiet")
        self._count(major)
        self.stop(major, directory)
        self.shell(major, f"sync -f {directory}")

    def restore_copy(self, major: str, backup: str, directory: str) -> None:
        """The files copied and read again, a server started on them, and every row counted."""
        self.shell(major, f"cp -R {backup}/data {directory}; chmod 0700 {directory}")
        self.run(major, "pg_verifybackup", "-q", directory)
        self.start(major, directory)
        self._count(major)
        self.stop(major, directory)
        self.shell(major, f"sync -f {directory}")

    def convert(self, old: str, new: str, transfer: str) -> None:
        """`pg_upgrade` of a stopped cluster `old/data` of 16 into one of 18."""
        self.init("18", new)
        self.run(
            "18", "pg_upgrade", "-b", str(self.programs("16")), "-B", str(self.programs("18")),
            "-d", old, "-D", new, "-U", "postgres", "--socketdir", str(self.folder), "-j", JOBS,
            transfer,
        )  # fmt: skip
        self.shell("18", f"sync -f {new}")

    def move(self, old: str, new: str) -> None:
        """Dump a stopped cluster of 16 by 18's programs, and restore it into a new one."""
        self.start("16", old)
        self.run("18", "pg_dump", "-Fc", "-f", "moved.dump", "app")
        self.run("18", "pg_dumpall", "--globals-only", "-f", "moved.sql")
        self._count("18")
        self.stop("16", old)
        self.init("18", new)
        self._load("18", new, "moved.dump")
        self._count("18")
        self.stop("18", new)
        self.shell("18", f"sync -f {new}; rm moved.dump moved.sql")

    def analyze(self) -> None:
        """The statistics that an upgrade leaves behind."""
        self.run(
            "18", "vacuumdb", "--all", "--quiet", "--analyze-in-stages", "--missing-stats-only"
        )
        self.run("18", "vacuumdb", "--all", "--quiet", "--analyze-only")

    def _load(self, major: str, directory: str, dump: str) -> None:
        self.start(major, directory, "-c fsync=off -c full_page_writes=off -c autovacuum=off")
        self.run(
            major, "pg_restore", "--exit-on-error", "--create", "-j", JOBS, "-d", "template1", dump,
        )  # fmt: skip

    def _count(self, major: str) -> None:
        for table in ("accounts", "branches", "tellers", "history"):
            asked = f"SELECT count(*) FROM pgbench_{table}"  # noqa: S608 - names of our own
            self.run(major, "psql", "-qAt", "-c", asked, "app")
