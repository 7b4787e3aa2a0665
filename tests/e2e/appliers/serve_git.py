"""Git over HTTP, HTTPS and SSH, with a user and a token: a process of its own.

    python serve_git.py FOLDER HOST

HTTP is for this machine, HTTPS and SSH are at the address HOST, for Pods.

`FOLDER/repositories` holds bare repositories, `FOLDER/users.json` maps users to tokens.
When all servers listen, `FOLDER/server.json` says where. `FOLDER/faults.json` orders
faults (the fields of `servers.git_http.Faults`) while the process runs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from servers.git_http import Faults, git_http, self_signed
from servers.git_ssh import git_ssh

_GLANCE_SECONDS = 0.05


def main(folder: Path, host: str) -> None:
    """Serve until SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    root = folder / "repositories"
    users = json.loads((folder / "users.json").read_text())
    with (
        git_http(root, users) as http,
        git_http(root, users, self_signed(folder, host), host=host) as https,
        git_ssh(root, folder / "keys", host) as ssh,
    ):
        address = f"ssh://git@{host}:{ssh.port}{root}"
        told = {"http": http.url, "https": https.url, "ssh": address}
        fresh = folder / "server.json.new"
        fresh.write_text(json.dumps(told))
        fresh.rename(folder / "server.json")
        while not ended.wait(_GLANCE_SECONDS):
            _order(folder / "faults.json", http.faults)
            _order(folder / "faults.json", https.faults)


def _order(file: Path, faults: Faults) -> None:
    try:
        wanted = json.loads(file.read_text())
    except OSError:
        wanted = {}
    hang = faults.hang
    if wanted.pop("hang", False):
        faults.hang = hang or threading.Event()
    elif hang:
        faults.hang = None
        hang.set()
    usual = Faults()
    for name in ("status", "push_status", "drop", "drop_after_push", "slow", "words"):
        setattr(faults, name, wanted.get(name, getattr(usual, name)))


if __name__ == "__main__":
    os.umask(0o077)
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
