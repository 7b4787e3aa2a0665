"""An SSH server, and what it does wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.git_bare import QUICK, Bare, change, make_bare
from servers.git_ssh import SshGitServer, git_ssh

from renderer.core.errors import InvalidError
from renderer.git.change import Committed
from renderer.git.errors import (
    AuthenticationError,
    NotARepositoryError,
    UnreachableError,
)
from renderer.git.remote import Limits, Remote, SshKey
from renderer.git.repository import Repository

Opener = Callable[..., Repository]


@pytest.fixture
def ssh(bare: Bare, tmp_path: Path) -> Iterator[SshGitServer]:
    with git_ssh(bare.folder.parent, tmp_path / "ssh keys") as server:
        yield server


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_ssh_reads_and_writes(tmp_path: Path, opened: Opener, form: str) -> None:
    bare = make_bare(tmp_path / "over ssh" / "deploy.git", form)
    with git_ssh(bare.folder.parent, tmp_path / "the keys") as server:
        key = SshKey(key=server.key, known_hosts=server.known_hosts)
        url = server.address("deploy.git").replace(" ", "%20")
        repository = opened(Remote(url=url, credentials=key, limits=QUICK))
        assert isinstance(repository.publish([change()])[0], Committed)
        again = opened(Remote(url=url, credentials=key, limits=QUICK), cache="second")
        assert again.read("databases/team-a/orders/service.yaml") == b"kind: Service\n"


def test_ssh_failures_are_told_apart(ssh: SshGitServer, opened: Opener) -> None:
    def attempt(name: str, key: Path, hosts: Path) -> None:
        credentials = SshKey(key=key, known_hosts=hosts)
        opened(Remote(url=ssh.address(name), credentials=credentials, limits=QUICK))

    with pytest.raises(AuthenticationError, match="credentials"):
        attempt("deploy.git", ssh.stranger, ssh.known_hosts)
    with pytest.raises(AuthenticationError, match="host key"):
        attempt("deploy.git", ssh.key, ssh.wrong_hosts)
    empty = ssh.key.with_name("nothing known")
    empty.write_text("")
    with pytest.raises(AuthenticationError, match="host key"):
        attempt("deploy.git", ssh.key, empty)
    nothing = ssh.key.with_name("no such file")
    for key, hosts in ((nothing, ssh.known_hosts), (ssh.key, nothing)):
        with pytest.raises(InvalidError, match=r"can't be read .*no such file"):
            attempt("deploy.git", key, hosts)
    with pytest.raises(NotARepositoryError):
        attempt("nothing.git", ssh.key, ssh.known_hosts)


def test_an_ssh_server_that_says_nothing_is_left(opened: Opener, tmp_path: Path) -> None:
    for name in ("key", "hosts"):
        (tmp_path / name).write_text("")
    credentials = SshKey(key=tmp_path / "key", known_hosts=tmp_path / "hosts")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for given in (credentials, None):
            remote = Remote(
                url=f"ssh://git@127.0.0.1:{port}/deploy.git",
                credentials=given,
                limits=Limits(stall=1, command=10),
            )
            with pytest.raises(UnreachableError):
                opened(remote)
