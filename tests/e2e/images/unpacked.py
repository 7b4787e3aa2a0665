"""An image unpacked into a folder and run there, without a container's runtime.

The root is mounted read-only in a mount namespace of the program's own, with /proc, /dev and
what the Pod would mount on top; the program runs as the Pod's user, and is the first process
of a namespace of its own, as in a container. It ends with the command that began it.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ENTER = """
set -eu
root=$1 user=$2 binds=$3
shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
printf '%s\\n' "$binds" | while IFS=: read -r from to; do
  test -z "$from" || mount --bind "$from" "$root$to"
done
mount -o remount,bind,ro "$root"
cd /
unshare --pid --fork -- chroot --userspec="$user:$user" --groups= "$root" "$@" || exit
"""
"""This shell stays, as root: the kernel forgets the signal that ends a process with its parent
when the process becomes another user, and the program would outlive the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A root file system and the image's `config` object."""

    root: Path
    config: Mapping[str, Any]

    def command(
        self, program: Sequence[str], *, user: int, mounts: Mapping[str, Path], **env: str
    ) -> list[str]:
        """The command that runs `program` as the image's `user` sees it, with `mounts`."""
        image_env = dict(item.split("=", 1) for item in self.config["Env"])
        given = [f"{name}={value}" for name, value in {**image_env, **env}.items()]
        binds = "\n".join(f"{source}:{target}" for target, source in mounts.items())
        dies = ["setpriv", "--pdeathsig=KILL", "--"]  # with the process that begins it
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", _ENTER]
        return [
            *dies,
            *enter,
            "enter",
            str(self.root),
            str(user),
            binds,
            "env",
            "-i",
            *given,
            *program,
        ]

    def run(
        self, *program: str, user: int, mounts: Mapping[str, Path] | None = None, **env: str
    ) -> str:
        """What `program` prints, both streams; an error when it fails."""
        done = subprocess.run(
            self.command(program, user=user, mounts=mounts or {}, **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{program} ended with {done.returncode}: {done.stdout}"
        return done.stdout


def unpack(archive: Path, folder: Path) -> Unpacked:
    """Every layer of the archive's image into `folder`, bottom first."""
    with tarfile.open(archive) as tar:
        manifest = json.loads(_bytes(tar, "manifest.json"))[0]
        for name in manifest["Layers"]:
            content = tar.extractfile(name)
            assert content is not None
            with tarfile.open(fileobj=content) as layer:
                # Made here; owners and set-uid programs are wanted as they are.
                layer.extractall(folder, numeric_owner=True, filter="fully_trusted")  # noqa: S202
        return Unpacked(root=folder, config=json.loads(_bytes(tar, manifest["Config"]))["config"])


def _bytes(tar: tarfile.TarFile, name: str) -> bytes:
    content = tar.extractfile(name)
    assert content is not None
    return content.read()
