"""The Git server of a run."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from e2e.appliers.starting import Starts
from servers.git_bare import Bare, make_bare

WRITER = ("sampledb", "token-of-the-controller")
READER = ("applier", "token-of-the-applier")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHost:
    """A running server; clients need one of its users, or its key."""

    folder: Path
    http: str
    https: str
    """At the address that Pods reach this machine by."""
    ssh: str
    """At the same address."""

    def create(self, name: str) -> Bare:
        """A new bare repository."""
        return make_bare(self.folder / "repositories" / f"{name}.git")

    def over_http(self, name: str) -> str:
        return f"{self.http}/{name}.git"

    def over_https(self, name: str) -> str:
        return f"{self.https}/{name}.git"

    def over_ssh(self, name: str) -> str:
        return f"{self.ssh}/{name}.git"

    @property
    def authority(self) -> str:
        """The certificate to trust, as PEM."""
        whole = (self.folder / "server.pem").read_text()
        return whole[whole.index("-----BEGIN CERTIFICATE-----") :]

    @property
    def key(self) -> Path:
        """The private key that is let in."""
        return self.folder / "keys" / "key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "keys" / "known_hosts"

    @property
    def wrong_hosts(self) -> Path:
        """The same, with another key for the server."""
        return self.folder / "keys" / "wrong_hosts"

    def order(self, **faults: object) -> None:
        """Order faults (see `serve_git.py`); none at all ends them."""
        fresh = self.folder / "faults.json.new"
        fresh.write_text(json.dumps(faults))
        fresh.rename(self.folder / "faults.json")


def start(run: Starts, *, host: str = "127.0.0.1") -> GitHost:
    """Start the server; `host` is the address that Pods reach this machine by."""
    folder = run.folder / "git"
    (folder / "repositories").mkdir(parents=True)
    (folder / "users.json").write_text(json.dumps(dict([WRITER, READER])))
    told = folder / "server.json"
    command = [sys.executable, str(Path(__file__).parent / "serve_git.py"), str(folder), host]
    run.start("git", command, ready=told.exists)
    said = json.loads(told.read_text())
    return GitHost(folder=folder, http=said["http"], https=said["https"], ssh=said["ssh"])
