"""A bare repository on the server's side, and changes to publish to it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from renderer.git.change import Change
from renderer.git.remote import Limits

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
QUICK = Limits(stall=5, command=20, attempts=5, first_pause=0.01, longest_pause=0.05)


@dataclass(frozen=True, slots=True)
class Bare:
    """A bare repository on the server's side, looked at and written by plain git."""

    folder: Path

    def git(self, *arguments: str, stdin: str = "") -> str:
        env = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{
                f"GIT_{role}_{what}": text
                for role in ("AUTHOR", "COMMITTER")
                for what, text in (("NAME", "Somebody Else"), ("EMAIL", "else@example.com"))
            },
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            input=stdin,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def tip(self, branch: str = "main") -> str:
        return self.git("rev-parse", "--verify", f"refs/heads/{branch}")

    def show(self, path: str, branch: str = "main") -> str:
        return self.git("show", f"{branch}:{path}")

    def files(self, branch: str = "main") -> list[str]:
        return self.git("ls-tree", "-r", "--name-only", branch).splitlines()

    def count(self, branch: str = "main") -> int:
        return int(self.git("rev-list", "--count", branch))

    def write(self, path: str, content: str, *, mode: str = "100644", branch: str = "main") -> str:
        """Commit one file as somebody else would; with mode 120000 a link, 160000 a submodule."""
        stream = f"commit refs/heads/{branch}\ncommitter Else <else@example.com> 1700000000 +0000\n"
        stream += "data 4\nelse\n"
        if self.git("for-each-ref", f"refs/heads/{branch}"):
            stream += f"from refs/heads/{branch}^0\n"
        if mode == "160000":
            stream += f"M {mode} {content} {path}\n"
        else:
            stream += f"M {mode} inline {path}\ndata {len(content)}\n{content}\n"
        self.git("fast-import", "--quiet", stdin=stream)
        return self.tip(branch)

    def hook(self, script: str, name: str = "pre-receive") -> None:
        hook = self.folder / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)


def make_bare(folder: Path, form: str = "sha1", *, filters: bool = True) -> Bare:
    folder.mkdir(parents=True)
    bare = Bare(folder)
    bare.git("init", "--quiet", "--bare", "-b", "main", f"--object-format={form}")
    bare.git("config", "uploadpack.allowFilter", str(filters).lower())
    bare.git("config", "http.receivepack", "true")
    bare.git("config", "receive.autogc", "false")
    return bare


def change(
    name: str = "orders", text: str | None = "a", *, based_on: str | None = None, prefix: str = ""
) -> Change:
    """A change of team-a/<name>: three files; with text None its removal."""
    files = None
    if text is not None:
        files = {
            "record.yaml": f"record: {text}\n".encode(),
            "service.yaml": b"kind: Service\n",
            "statefulset.yaml": f"text: {text}\n".encode(),
        }
    return Change(
        key=f"team-a/{name}",
        directory=f"{prefix}databases/team-a/{name}",
        files=files,
        based_on=based_on,
        subject=f"set {text}",
        trailers=(("UID", f"uid-{name}"),),
    )
