"""Layers and images on disk, each named by the hash of what it is made from."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import io
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EPOCH = 1_767_225_600  # 2026-01-01: every file's time, so that the same files are the same layer
FORMAT = 1  # raised when layers are made differently from the same inputs

# Left empty: what the container's runtime mounts over, what differs from one build to the next.
_EMPTY = frozenset(
    [
        "dev",
        "proc",
        "sys",
        "run",
        "tmp",
        "var/tmp",
        "var/log",
        "var/cache/apt",
        "var/cache/debconf",
        "var/cache/ldconfig",
        "var/lib/apt/lists",
        "var/lib/apt/mirrors",
    ]
)
_ABSENT = frozenset(
    [
        "etc/machine-id",
        "etc/resolv.conf",
        "etc/hostname",
        "etc/hosts",
        "etc/.pwd.lock",
        "etc/passwd-",
        "etc/group-",
        "etc/shadow-",
        "etc/gshadow-",
        "var/lib/dpkg/status-old",
        "var/lib/dpkg/lock",
        "var/lib/dpkg/lock-frontend",
        "var/lib/dpkg/triggers/Lock",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """An uncompressed tarball and the hash of its bytes, which is the layer's diff id."""

    path: Path
    digest: str


def key(inputs: object) -> str:
    """24 hex of SHA-256 over the canonical JSON of the inputs."""
    text = json.dumps([FORMAT, inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"==> images: {text}\n")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The cache's folder. One process at a time writes to it: see `opened`."""

    folder: Path

    @property
    def work(self) -> Path:
        """For things half made; emptied when the store is opened."""
        return self.folder / "work"

    def layer(self, name: str, inputs: object, make: Callable[[Path], None]) -> Layer:
        """The layer made from `inputs`; if new, `make` fills the empty folder that it gets."""
        # A layer is made anew, too, when the module that makes it has changed.
        made_by = Path(inspect.getfile(make)).read_text("utf-8")
        path = self.folder / "layers" / f"{name}-{key([inputs, made_by])}.tar"
        noted = path.with_suffix(".sha256")
        if noted.exists() and path.exists():
            return Layer(path=path, digest=noted.read_text("ascii"))
        say(f"{name} …")
        started = time.monotonic()
        root = self.fresh(name)
        make(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        pack(root, partial)
        shutil.rmtree(root)
        digest = file_digest(partial)
        partial.rename(path)
        noted.write_text(digest, "ascii")
        say(f"{name}: {path.stat().st_size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s")
        return Layer(path=path, digest=digest)

    def fresh(self, name: str) -> Path:
        """An empty folder below `work`."""
        made = self.work / name
        if made.exists():
            shutil.rmtree(made)
        made.mkdir(parents=True)
        made.chmod(0o755)
        return made

    def image(self, tags: tuple[str, ...], layers: tuple[Layer, ...], config: Config) -> Path:
        """A docker-archive tarball with these layers, bottom first."""
        text = json.dumps(_image_config(config, layers), sort_keys=True).encode()
        name = tags[0].rpartition("/")[2].replace(":", "-")
        hashed = key([text.decode(), list(tags)])
        path = self.folder / f"{name}-{hashed}.tar"
        if path.exists():
            return path
        for old in self.folder.glob(f"{name}-{'?' * len(hashed)}.tar"):
            old.unlink()
        partial = path.with_suffix(".partial")
        _write_archive(partial, text, tags, layers)
        partial.rename(path)
        say(f"{tags[0]}: {path.stat().st_size / 1e6:.0f} MB")
        return path

    def forget_layers(self, used: frozenset[Path]) -> None:
        """Remove every layer that no image of today has."""
        for path in (self.folder / "layers").glob("*.tar"):
            if path not in used:
                path.unlink()
                path.with_suffix(".sha256").unlink(missing_ok=True)


Config = Mapping[str, Any]  # the `config` object of an image, in Docker's words


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The store, locked; whatever a killed run left half made is gone."""
    os.umask(0o022)  # modes are part of a layer
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder=folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(store.work, ignore_errors=True)
        for partial in folder.rglob("*.partial"):
            partial.unlink()
        try:
            yield store
        finally:
            shutil.rmtree(store.work, ignore_errors=True)


def pack(root: Path, path: Path) -> None:
    """All below `root` as a tarball: sorted, one time for all, hard links kept."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in _names(root, ""):
            info = tar.gettarinfo(root / name, name)
            info.mtime = EPOCH
            info.uname = info.gname = ""
            if info.isreg():
                with (root / name).open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)


def _names(root: Path, below: str) -> Iterator[str]:
    for entry in sorted(os.scandir(root / below), key=lambda found: found.name):
        name = f"{below}/{entry.name}" if below else entry.name
        if name in _ABSENT:
            continue
        yield name
        if entry.is_dir(follow_symlinks=False) and name not in _EMPTY:
            yield from _names(root, name)


def _image_config(config: Config, layers: tuple[Layer, ...]) -> Mapping[str, Any]:
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH))
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one.digest}" for one in layers]},
        "history": [{"created": created, "created_by": one.path.stem} for one in layers],
    }


def _write_archive(
    path: Path, config: bytes, tags: tuple[str, ...], layers: tuple[Layer, ...]
) -> None:
    named = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [
        {
            "Config": named,
            "RepoTags": list(tags),
            "Layers": [f"{one.digest}.tar" for one in layers],
        }
    ]
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for layer in layers:
            with layer.path.open("rb") as content:
                tar.addfile(_entry(f"{layer.digest}.tar", layer.path.stat().st_size), content)
        for name, data in ((named, config), ("manifest.json", json.dumps(manifest).encode())):
            tar.addfile(_entry(name, len(data)), io.BytesIO(data))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mtime = EPOCH
    info.mode = 0o644
    return info
