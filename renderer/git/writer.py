"""Writes commits into the local repository: one `git fast-import` stream, no work tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from renderer.core.errors import InvalidError
from renderer.git import environment
from renderer.git.change import Change
from renderer.git.errors import CacheError, detail
from renderer.git.launch import Launcher, kill
from renderer.git.message import message
from renderer.git.remote import Identity, Remote

_WORK = "refs/sampledb/work"
_FAST_IMPORT = (
    *("fast-import", "--quiet", "--force", "--done", "--date-format=raw"),
    "--depth=0",  # its deltas cost a third of the time and save a twentieth of the space
)


def write(
    remote: Remote,
    launcher: Launcher,
    parent: str | None,
    groups: Sequence[Sequence[Change]],
    now: datetime,
) -> list[str]:
    """Write one commit a group, each on the last, the first on `parent`; return their ids.

    Raises:
        CacheError: git could not write.
    """
    texts = [message(group) for group in groups]
    process = launcher.start(*_FAST_IMPORT)
    commits: list[str] = []
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    try:
        for number, (group, text) in enumerate(zip(groups, texts, strict=True), start=1):
            origin = parent if number == 1 else f":{number - 1}"
            _commit(stdin, remote, text, now, (number, origin))
            for change in group:
                stdin.writelines(_files(change))
            stdin.write(f"\nget-mark :{number}\n".encode())
            stdin.flush()
            commits.append(stdout.readline().decode().strip())
        stdin.write(b"done\n")
        _, err = process.communicate()
    except OSError:
        _, err = _end(process)
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0 or not all(commits):
        problem = f"the commit can't be written to the local copy ({_last(err)})"
        raise CacheError(detail(str(remote), problem, "check the free space of the cache folder"))
    if remote.signing_key:
        return _signed(remote, launcher, (parent, commits), texts, now)
    return commits


def _commit(
    stream: IO[bytes], remote: Remote, text: str, now: datetime, place: tuple[int, str | None]
) -> None:
    number, origin = place
    stamp = f"{int(now.timestamp())} +0000"
    content = text.encode(errors="replace")
    stream.write(
        f"commit {_WORK}\nmark :{number}\nauthor {remote.author} {stamp}\n"
        f"committer {remote.committer} {stamp}\ndata {len(content)}\n".encode()
        + content
        + (f"\nfrom {origin}\n" if origin else "\n").encode()
    )


def _files(change: Change) -> Iterator[bytes]:
    """The commands that make the repository hold what `change` wants."""
    yield b"D " + _quoted(change.directory) + b"\n"
    for name, content in (change.files or {}).items():
        yield from _file(f"{change.directory}/{name}", content)
    for path, wanted in change.beside.items():
        if wanted is None:
            yield b"D " + _quoted(path) + b"\n"
        else:
            yield from _file(path, wanted)


def _file(path: str, content: bytes) -> Iterator[bytes]:
    yield b"M 100644 inline " + _quoted(path) + b"\ndata " + str(len(content)).encode() + b"\n"
    yield content
    yield b"\n"


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode(errors="surrogateescape")


def _signed(
    remote: Remote,
    launcher: Launcher,
    chain: tuple[str | None, Sequence[str]],
    texts: Sequence[str],
    now: datetime,
) -> list[str]:
    """The same commits, signed: fast-import can't, so each is made again on its tree."""
    parent, commits = chain
    signed: list[str] = []
    for commit, text in zip(commits, texts, strict=True):
        parents = ("-p", parent) if parent else ()
        made = launcher.run(
            *("-c", "gpg.format=ssh", "commit-tree", f"-S{_key(remote.signing_key)}"),
            *(f"{commit}^{{tree}}", *parents, "-F", "-"),
            stdin=text.encode(errors="replace"),
            env=environment.local() | _who(remote, now),
        )
        if not made.ok:
            problem = f"the commit can't be signed with {remote.signing_key} ({_last(made.err)})"
            remedy = "give an SSH private key without a passphrase; ssh-keygen must be installed"
            raise InvalidError(detail(str(remote), problem, remedy))
        parent = made.text
        signed.append(parent)
    return signed


def _key(key: Path | None) -> str:
    return str(key.absolute()) if key else ""


def _who(remote: Remote, now: datetime) -> dict[str, str]:
    date = f"@{int(now.timestamp())} +0000"

    def variables(role: str, who: Identity) -> dict[str, str]:
        name, _, email = str(who).rpartition(" ")
        return {
            f"GIT_{role}_NAME": name,
            f"GIT_{role}_EMAIL": email.strip("<>"),
            f"GIT_{role}_DATE": date,
        }

    return variables("AUTHOR", remote.author) | variables("COMMITTER", remote.committer)


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    kill(process)
    out, err = process.stdout, process.stderr
    rest = (out.read() if out else b"", err.read() if err else b"")
    process.wait()
    for stream in (process.stdin, out, err):
        if stream:
            try:
                stream.close()
            except OSError:  # what was not written yet has nowhere to go
                continue
    return rest


def _last(err: bytes | str) -> str:
    text = err.decode(errors="replace") if isinstance(err, bytes) else err
    lines = [line for line in text.splitlines() if line.startswith(("fatal:", "error:"))]
    return (lines or text.split("\n") or [""])[-1].strip() or "git gave no reason"
