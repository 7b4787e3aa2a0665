"""Builds the programs of the cluster from their Go modules: `python tests/e2e/builder.py [NAME…]`.

`--missing` builds nothing and names those that aren't built yet.

Each folder of tools/ is a module with `tool` lines, and so is csi/, which holds the
source of its tool too. A module with one tool gives a program of the folder's name,
one with several gives a program each. What was built is kept in .cache/e2e/bin, by
the hash of what it was built from.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "e2e" / "bin"
_AT_ONCE = 2
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}


class BuildError(RuntimeError):
    """A program can't be built; the message holds the compiler's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One module."""

    source: Path
    packages: Mapping[str, str]
    """Package by the program's name."""
    flags: tuple[str, ...]
    digest: str

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def folder(self) -> Path:
        return _CACHE / f"{self.name}-{self.digest}"

    def program(self, name: str) -> Path:
        return self.folder / name


def tools() -> list[Tool]:
    """Every module."""
    found = sorted([*_HERE.glob("tools/*/go.mod"), _HERE / "csi" / "go.mod"])
    return [_read(path.parent) for path in found]


def _read(folder: Path) -> Tool:
    parsed = json.loads(_go(["mod", "edit", "-json"], folder))
    paths = [str(tool["Path"]) for tool in parsed.get("Tool") or ()]
    versions = {str(one["Path"]): str(one["Version"]) for one in parsed["Require"]}
    flags = _flags(folder.name, versions)
    files = [folder / "go.mod", folder / "go.sum", *sorted(folder.glob("*.go"))]
    content = [path.read_bytes() for path in files]
    told = json.dumps([flags, sorted(_ENVIRONMENT.items())]).encode()
    return Tool(
        source=folder,
        packages={folder.name if len(paths) == 1 else Path(one).name: one for one in paths},
        flags=flags,
        digest=hashlib.sha256(b"\0".join([*content, told])).hexdigest()[:12],
    )


def _flags(name: str, versions: Mapping[str, str]) -> tuple[str, ...]:
    """Kubernetes is told its version by the linker; without it, kubelet and API server disagree."""
    if name != "kubernetes":
        return ("-ldflags=-s -w",)
    version = versions["k8s.io/kubernetes"]
    major, minor, _ = version.removeprefix("v").split(".", 2)
    at = "k8s.io/component-base/version"
    told = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return ("-ldflags=-s -w " + " ".join(f"-X {at}.{key}={told[key]}" for key in told),)


def program(name: str) -> Path:
    """A program, built when it isn't there yet. Raises `BuildError`."""
    tool = _owner(name)
    if not tool.program(name).exists():
        build(tool, [name])
    return tool.program(name)


def _owner(name: str) -> Tool:
    for tool in tools():
        if name in tool.packages:
            return tool
    msg = f"no module in {_HERE} has a program {name}"
    raise BuildError(msg)


def build(tool: Tool, names: Sequence[str]) -> None:
    """Build programs of one module, one after another. Raises `BuildError`."""
    tool.folder.mkdir(parents=True, exist_ok=True)
    with (tool.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs don't build the same
        for name in names:
            if not tool.program(name).exists():
                _build_one(tool, name)


def _build_one(tool: Tool, name: str) -> None:
    _say(f"building {name} ({tool.name})")
    begun = time.monotonic()
    made = tool.folder / f".{name}"
    _go(["build", *tool.flags, "-o", str(made), tool.packages[name]], tool.source)
    made.rename(tool.program(name))
    _say(f"built {name} in {time.monotonic() - begun:.0f} s")


def _go(arguments: Sequence[str], folder: Path) -> str:
    if shutil.which("go") is None:
        raise BuildError("Go is needed to build the cluster's programs: https://go.dev/dl")
    done = subprocess.run(
        ["nice", "-n", "19", "go", *arguments],
        cwd=folder,
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        msg = f"go {' '.join(arguments)} in {folder}:\n{done.stderr[-4000:]}"
        raise BuildError(msg)
    return done.stdout


def _say(text: str) -> None:
    sys.stderr.write(f"==> {text}\n")
    sys.stderr.flush()


def build_all(wanted: Sequence[str]) -> None:
    """Build these modules or programs, or everything. Raises `BuildError`."""
    chosen = []
    for tool in tools():
        names = [one for one in tool.packages if not wanted or one in wanted or tool.name in wanted]
        if names:
            chosen.append((tool, names))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(build, tool, names) for tool, names in chosen]:
            done.result()


def missing() -> list[str]:
    """The programs that aren't built yet."""
    return [name for tool in tools() for name in tool.packages if not tool.program(name).exists()]


if __name__ == "__main__":
    if sys.argv[1:] == ["--missing"]:
        sys.stdout.writelines(f"{name}\n" for name in missing())
        sys.exit()
    try:
        build_all(sys.argv[1:])
    except BuildError as error:
        sys.exit(str(error))
