"""The local copy: a bare repository in a cache folder, used by one process at a time.

Everything in it can be fetched again, so a copy that is damaged or was made for
something else is thrown away, never repaired.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from renderer.git.connection import Advertised, advertised
from renderer.git.errors import CacheError, detail
from renderer.git.launch import Launcher
from renderer.git.objects import ObjectFormat
from renderer.git.remote import Remote

TIP = "refs/sampledb/tip"
"""The last commit of the remote branch that was seen; survives restarts."""
_LOCK_SECONDS = 2.0
_LEFTOVERS = ("*.lock", "objects/pack/tmp_*", "objects/pack/*.keep", "fast_import_crash_*")
_PACKS = 50
_LOOSE = 27
"""In one of 256 folders: 7,000 in all, as `git gc --auto` has it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """An opened copy; `lock` is held as long as it is open."""

    folder: Path
    form: ObjectFormat
    launcher: Launcher
    lock: IO[bytes]


def location(remote: Remote, cache: Path) -> Path:
    """Where the copy for `remote` lies: named for a person, and by a digest."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", remote.address.rsplit("/", 1)[-1]).strip("-")[:40]
    digest = hashlib.sha256(f"{remote.address}\n{remote.ref}".encode()).hexdigest()
    return cache.absolute() / f"{name or 'repository'}-{digest[:12]}.git"


def acquire(remote: Remote, cache: Path) -> tuple[Cache, Advertised]:
    """Open the copy, making it first where needed; says what the remote has meanwhile.

    Raises:
        CacheError: another process uses it, or the folder can't be written.
        SampleDBError: the remote's, by what to do about it.
    """
    folder = location(remote, cache)
    lock = _lock(remote, folder)
    try:
        there = advertised(remote, folder.parent)
        launcher = Launcher(folder)
        _sweep(folder)
        if not _usable(launcher, remote, there.form):
            create(folder, remote, there.form)
    except BaseException:
        lock.close()
        raise
    return Cache(folder=folder, form=there.form, launcher=launcher, lock=lock), there


def create(folder: Path, remote: Remote, form: ObjectFormat) -> None:
    """Make an empty copy, throwing away what is there."""
    if folder.exists():
        _log.warning("%s: the local copy %s can't be used and is made anew", remote, folder)
        shutil.rmtree(folder)
    launcher = Launcher(folder.parent, repository=False)
    made = launcher.run("init", "--quiet", "--bare", f"--object-format={form.value}", str(folder))
    launcher = Launcher(folder)
    done = made.ok and launcher.run("config", "remote.origin.url", remote.address).ok
    if not done:
        problem = f"the local copy {folder} can't be made ({made.err.strip()})"
        raise CacheError(detail(str(remote), problem, "check the folder's rights and free space"))


def crowded(folder: Path) -> bool:
    """Whether so many packs or loose objects piled up that it's time for `collect`."""
    packs = sum(1 for _ in folder.glob("objects/pack/*.pack"))
    return packs > _PACKS or sum(1 for _ in folder.glob("objects/17/*")) > _LOOSE


def _usable(launcher: Launcher, remote: Remote, form: ObjectFormat) -> bool:
    config = launcher.run("config", "--get", "remote.origin.url")
    found = launcher.run("rev-parse", "--show-object-format")
    if not config.ok or config.text != remote.address or found.text != form.value:
        return False
    if not launcher.run("rev-parse", "--verify", "--quiet", TIP).ok:
        return True
    # Trees and commits of the tip must be readable: blobs may be missing by design.
    return launcher.run("ls-tree", "-r", "-d", "--name-only", TIP).ok


def _sweep(folder: Path) -> None:
    """Remove what a process left that was killed: the lock says that none is running."""
    for pattern in _LEFTOVERS:
        for path in (*folder.glob(pattern), *folder.glob(f"refs/**/{pattern}")):
            path.unlink(missing_ok=True)


def _lock(remote: Remote, folder: Path) -> IO[bytes]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_suffix(".lock").open("ab")
    except OSError as error:
        problem = f"the cache folder {folder.parent} can't be written ({error.strerror})"
        remedy = "name a folder that this user may write to"
        raise CacheError(detail(str(remote), problem, remedy)) from error
    if not _held(lock):
        lock.close()
        problem = f"another process uses the local copy {folder}"
        remedy = "wait until it has ended, or name another cache folder"
        raise CacheError(detail(str(remote), problem, remedy))
    os.utime(folder.with_suffix(".lock"))
    return lock


def _held(lock: IO[bytes]) -> bool:
    """Take the lock, waiting a moment: what a killed process was just starting may hold it."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
