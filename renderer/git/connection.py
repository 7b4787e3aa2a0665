"""The commands that talk to the remote: what it has, fetch, fetch blobs, push."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from renderer.git import environment, trouble
from renderer.git.launch import Finished, Launcher
from renderer.git.objects import ObjectFormat
from renderer.git.remote import Remote

INCOMING = "refs/sampledb/incoming"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertised:
    """What the remote says that it has."""

    tip: str | None
    """The branch's commit; None when there is no such branch."""
    form: ObjectFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What git said of a push; whether the branch moved is for the caller to look up."""

    ok: bool
    finished: Finished
    reason: str = ""
    """Porcelain's summary of a rejected ref, such as `[remote rejected] (hook declined)`."""

    @property
    def answered(self) -> bool:
        """The server took the push in and rejected it, rather than failing on the way."""
        return bool(self.reason)


class Connection:
    """One remote, as seen from one local repository."""

    def __init__(self, remote: Remote, launcher: Launcher) -> None:
        """Connect to nothing yet."""
        self._remote = remote
        self._launcher = launcher

    def fetch(self) -> str:
        """Fetch the branch (blobs left out where the server can) and return its tip.

        Raises:
            SampleDBError: by what to do about it.
        """
        refspec = f"+{self._remote.ref}:{INCOMING}"
        finished = self._fetch("--filter=blob:none", "origin", refspec)
        if not finished.ok and trouble.trouble(finished) is trouble.Trouble.UNREACHABLE:
            # A server that chokes on the filter looks like one that fails: ask without it.
            finished = self._fetch("origin", refspec)
        if not finished.ok:
            raise trouble.error(self._remote, "fetching", finished)
        return self._launcher.run("rev-parse", "--verify", INCOMING).text

    def fetch_blobs(self, ids: Sequence[str]) -> None:
        """Fetch blobs by id, all in one request.

        `noop` negotiation, as git's own promisor code does: else the server leaves out
        what the commits that we have would contain.
        """
        finished = self._fetch(
            "--filter=blob:none",
            "--stdin",
            "origin",
            settings=("-c", "fetch.negotiationAlgorithm=noop"),
            stdin="".join(f"{name}\n" for name in ids).encode(),
        )
        if not finished.ok:
            raise trouble.error(self._remote, "fetching files", finished)

    def push(self, new: str, old: str | None) -> Pushed:
        """Move the branch from `old` (None: it must not exist) to `new`, or leave it alone.

        The lease is the comparison of a compare-and-swap: `new` descends from `old`,
        so this never overwrites anything.
        """
        finished = self._launcher.run(
            "push",
            "--porcelain",
            "--no-verify",
            "--no-recurse-submodules",
            f"--force-with-lease={self._remote.ref}:{old or ''}",
            "origin",
            f"{new}:{self._remote.ref}",
            env=environment.network(self._remote),
            limit=self._remote.limits.command,
        )
        reason = ""
        for line in finished.out.decode(errors="replace").splitlines():
            fields = line.split("\t")
            if len(fields) == 3 and fields[0] == "!":  # noqa: PLR2004 -- flag, refs, summary
                reason = fields[2]
        return Pushed(ok=finished.ok and not reason, finished=finished, reason=reason)

    def _fetch(self, *arguments: str, settings: Sequence[str] = (), stdin: bytes = b"") -> Finished:
        return self._launcher.run(
            *settings,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--recurse-submodules=no",
            *arguments,
            stdin=stdin,
            env=environment.network(self._remote, fetching=True),
            limit=self._remote.limits.command,
        )


def advertised(remote: Remote, folder: Path) -> Advertised:
    """Ask the remote for its branch, from `folder` (any directory; no repository needed).

    Raises:
        SampleDBError: by what to do about it.
    """
    launcher = Launcher(folder, repository=False)
    env = environment.network(remote)
    finished = _list(remote, launcher, env)
    refs = {
        name: commit
        for commit, _, name in (line.partition("\t") for line in finished.text.splitlines())
    }
    tip = refs.get(remote.ref)
    some = tip or refs.get("HEAD")
    if some:
        longest = len(some) == 2 * ObjectFormat.SHA256.size
        return Advertised(tip=tip, form=ObjectFormat.SHA256 if longest else ObjectFormat.SHA1)
    return Advertised(tip=None, form=_format_of_empty(remote, launcher, env))


def _format_of_empty(remote: Remote, launcher: Launcher, env: Mapping[str, str]) -> ObjectFormat:
    """With no id to measure, only the protocol's `object-format` capability tells."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "packets")
        _list(remote, launcher, {**env, "GIT_TRACE_PACKET": str(trace)})
        told = trace.read_bytes() if trace.exists() else b""
    return ObjectFormat.SHA256 if b"object-format=sha256" in told else ObjectFormat.SHA1


def _list(remote: Remote, launcher: Launcher, env: Mapping[str, str]) -> Finished:
    finished = launcher.run(
        "ls-remote",
        "--",
        remote.address,
        "HEAD",
        remote.ref,
        env=env,
        limit=min(remote.limits.answer, remote.limits.command),
    )
    if not finished.ok:
        raise trouble.error(remote, "reading the branch", finished)
    return finished
