"""Root file systems from Debian's packages, without a daemon and without pulls."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from e2e.images.recipe import PATH, SUITE, User
from e2e.images.store import EPOCH, Layer, Store

# What debian:bookworm-slim leaves out too.
_WITHOUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Debian's essential packages and these, without the files that match `without`."""

    packages: tuple[str, ...]
    without: tuple[str, ...] = ()
    user: User | None = None  # made before the packages are configured
    python: str = ""  # the interpreter whose library is compiled
    variant: str = "essential"  # or "extract": these packages' files and nothing else


def run(command: Sequence[str | Path], *, cwd: Path | None = None, **env: str) -> None:
    """Run a program to its end; its words are in the error when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C", "SOURCE_DATE_EPOCH": str(EPOCH), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-15:])
        msg = f"{' '.join(map(str, command))} ended with {done.returncode}:\n{last}"
        raise RuntimeError(msg)


def need_mmdebstrap() -> None:
    """Install the program that makes the roots, if it is missing."""
    if os.geteuid() != 0:
        raise SystemExit("the images' roots can be made by root only")
    if shutil.which("mmdebstrap") is None:
        run(["apt-get", "update", "-q"])
        wanted = ("mmdebstrap", "debian-archive-keyring")
        install = ("apt-get", "install", "-q", "-y", "--no-install-recommends")
        run([*install, *wanted], DEBIAN_FRONTEND="noninteractive")


def bootstrap(root: Root, folder: Path) -> None:
    """Fill `folder` with the root."""
    need_mmdebstrap()
    excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in (*_WITHOUT, *root.without)]
    hooks = []
    if root.user is not None:
        passwd, group = account_lines(root.user)
        hooks = [
            f"--essential-hook=echo '{passwd}' >> \"$1/etc/passwd\"",
            f"--essential-hook=echo '{group}' >> \"$1/etc/group\"",
        ]
    run(
        [
            "nice",
            "mmdebstrap",
            "--mode=root",
            f"--variant={root.variant}",
            f"--include={','.join(root.packages)}",
            *excludes,
            "--dpkgopt=force-confold",
            *hooks,
            SUITE,
            folder,
        ]
    )
    if root.python:
        compile_python(folder, root.python, "/usr/lib/python3", f"/usr/lib/{root.python}")


def compile_python(root: Path, python: str, *folders: str) -> None:
    """Byte code that isn't checked against its source's time: all files get one time."""
    how = ("-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")
    chroot(root, python, *how, *folders)


def chroot(root: Path, *command: str) -> None:
    """Run a program of the root, as root, in it."""
    run(["nice", "chroot", root, "/usr/bin/env", f"PATH={PATH}", *command])


def account_lines(user: User) -> tuple[str, str]:
    """The lines of passwd and group."""
    shell = "/bin/sh" if user.name == "postgres" else "/usr/sbin/nologin"
    return (
        f"{user.name}:x:{user.number}:{user.number}::{user.home}:{shell}",
        f"{user.name}:x:{user.number}:",
    )


def add_user(below: Layer, user: User, folder: Path) -> None:
    """Write passwd and group into an upper layer: those of the layer below and one more."""
    (folder / "etc").mkdir(exist_ok=True)
    with tarfile.open(below.path) as tar:
        for name, line in zip(("passwd", "group"), account_lines(user), strict=True):
            found = tar.extractfile(f"etc/{name}")
            assert found is not None
            (folder / "etc" / name).write_text(f"{found.read().decode()}{line}\n")


def owned_directory(path: Path, owner: int, mode: int) -> None:
    """Make a directory of a user's own."""
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, owner, owner)
    path.chmod(mode)


def root_layer(store: Store, name: str, root: Root) -> Layer:
    """The root as the bottom layer of an image."""
    inputs = [SUITE, _WITHOUT, asdict(root)]
    return store.layer(f"root-{name}", inputs, lambda folder: bootstrap(root, folder))
