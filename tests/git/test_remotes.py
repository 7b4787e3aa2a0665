"""HTTP servers, and what they do wrong."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from servers.git_bare import QUICK, Bare, change, make_bare
from servers.git_http import GitServer, git_http, self_signed

from renderer.core.errors import InvalidError, SampleDBError, TransientError
from renderer.git.change import Committed
from renderer.git.errors import (
    AuthenticationError,
    NotARepositoryError,
    UnreachableError,
)
from renderer.git.remote import Limits, Remote, Token
from renderer.git.repository import Repository

Opener = Callable[..., Repository]
TOKEN = "s3cr3t-t0ken"


@pytest.fixture
def http(bare: Bare) -> Iterator[GitServer]:
    with git_http(bare.folder.parent) as server:
        yield server


@pytest.fixture
def guarded(bare: Bare) -> Iterator[GitServer]:
    with git_http(bare.folder.parent, users={"robot": TOKEN}) as server:
        yield server


def over(server: GitServer, name: str = "deploy.git", limits: Limits = QUICK) -> Remote:
    return Remote(url=server.address(name), limits=limits)


@pytest.mark.parametrize("form", ["sha1", "sha256"])
@pytest.mark.parametrize("filters", [True, False], ids=["blob-less", "whole"])
def test_http_reads_and_writes(tmp_path: Path, opened: Opener, form: str, filters: bool) -> None:
    bare = make_bare(tmp_path / "http" / "deploy.git", form, filters=filters)
    with git_http(bare.folder.parent) as server:
        repository = opened(over(server))
        assert isinstance(repository.publish([change(), change("stock")])[0], Committed)
        bare.write("databases/team-a/orders/record.yaml", "by hand")
        repository.fetch()
        assert repository.read("databases/team-a/orders/record.yaml") == b"by hand"
        again = opened(over(server), cache="second")
        before = len(server.requests)
        blobs = [name for files in again.snapshot("").values() for name in files.values()]
        assert len(again.read_many(blobs)) == len(set(blobs))
        asked = [line for line in server.requests[before:] if line.startswith("POST")]
        assert len(asked) <= (2 if filters else 0)
        assert isinstance(again.publish([change("users")])[0], Committed)
        again.collect()
        assert again.read("databases/team-a/users/service.yaml") == b"kind: Service\n"
        again.fetch()


@pytest.mark.parametrize(
    ("names", "fetched"),
    [(["record.yaml"], 20), (["record.yaml", "statefulset.yaml"], 41)],
    ids=["records", "everything"],
)
def test_contents_asked_for_one_by_one_come_in_few_requests(
    http: GitServer, opened: Opener, names: list[str], fetched: int
) -> None:
    changes = [change(f"db-{number}", f"text {number}") for number in range(20)]
    opened(over(http)).publish(changes)
    repository = opened(over(http), cache="blob-less")
    before = len(http.requests)
    for wanted in changes:
        listing = repository.listing(wanted.directory)
        found = repository.read_many([listing[name] for name in names])
        assert wanted.files is not None
        assert [found[listing[name]] for name in names] == [wanted.files[name] for name in names]
    posts = [line for line in http.requests[before:] if line.startswith("POST")]
    assert len(posts) <= 10
    snapshot = repository.snapshot("").values()
    blobs = {blob for listing in snapshot for blob in listing.values()}
    missing = repository._objects.missing(blobs)  # noqa: SLF001 -- not through the fetch
    assert len(blobs) - len(missing) == fetched


@pytest.mark.parametrize("how", ["file", "variable"])
def test_a_token_is_used_and_shows_nowhere(
    guarded: GitServer,
    opened: Opener,
    tmp_path: Path,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("DEPLOY_TOKEN", TOKEN)
    token = Token(user="robot", file=tmp_path / "token")
    if how == "variable":
        token = Token(user="robot", variable="DEPLOY_TOKEN")
    remote = Remote(url=guarded.address("deploy.git"), credentials=token, limits=QUICK)
    repository = opened(remote)
    assert isinstance(repository.publish([change()])[0], Committed)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(remote)
    assert TOKEN not in (repository.folder / "config").read_text()


def test_a_rotated_token_is_taken_up(guarded: GitServer, opened: Opener, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    token = Token(user="robot", file=file)
    repository = opened(Remote(url=guarded.address("deploy.git"), credentials=token, limits=QUICK))
    guarded.users["robot"] = "new"
    with pytest.raises(AuthenticationError) as told:
        repository.publish([change()])
    assert TOKEN not in str(told.value)
    file.write_text("new")
    assert isinstance(repository.publish([change()])[0], Committed)


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "is empty"), ("a\nb", "more than one line"), (None, "No such file")],
)
def test_a_token_that_can_not_be_used_is_told_by_its_place(
    guarded: GitServer, opened: Opener, tmp_path: Path, content: str | None, problem: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    remote = Remote(url=guarded.address("deploy.git"), credentials=Token(file=file))
    with pytest.raises(InvalidError, match=problem) as told:
        opened(remote)
    assert str(file) in str(told.value)


def test_missing_or_wrong_credentials_are_told(
    guarded: GitServer, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AuthenticationError, match="credentials are missing, wrong"):
        opened(over(guarded))
    monkeypatch.setenv("DEPLOY_TOKEN", "wrong")
    token = Token(user="robot", variable="DEPLOY_TOKEN")
    with pytest.raises(AuthenticationError):
        opened(Remote(url=guarded.address("deploy.git"), credentials=token))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(403, AuthenticationError, id="forbidden"),
        pytest.param(404, NotARepositoryError, id="not found"),
        pytest.param(500, UnreachableError, id="server error"),
        pytest.param(503, UnreachableError, id="overloaded"),
        pytest.param(429, UnreachableError, id="too many requests"),
    ],
)
def test_http_statuses_are_named_by_what_to_do(
    http: GitServer, opened: Opener, status: int, error: type[SampleDBError]
) -> None:
    repository = opened(over(http))
    repository.publish([change()])
    tip = repository.tip
    http.faults.status = status
    http.faults.words = "fatal: Authentication failed for you"  # never interpreted
    for attempt in (repository.fetch, lambda: repository.publish([change("stock")])):
        with pytest.raises(error, match=r"127\.0\.0\.1"):
            attempt()
    http.faults.status = 0
    assert repository.tip == tip
    assert isinstance(repository.publish([change("stock")])[0], Committed)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthenticationError), (403, AuthenticationError), (500, UnreachableError)],
)
def test_a_token_that_may_only_read_is_told_at_the_push(
    http: GitServer, bare: Bare, opened: Opener, status: int, error: type[SampleDBError]
) -> None:
    tip = bare.write("readme", "x")
    http.faults.push_status = status
    with pytest.raises(error, match="pushing"):
        opened(over(http)).publish([change()])
    assert bare.tip() == tip


def test_a_missing_repository_is_told(http: GitServer, opened: Opener, tmp_path: Path) -> None:
    for url in (http.address("nothing.git"), str(tmp_path / "nothing"), f"file://{tmp_path}"):
        with pytest.raises(NotARepositoryError, match="no Git repository at this address"):
            opened(Remote(url=url, limits=QUICK))


def test_a_dropped_connection_and_a_closed_port_are_transient(
    http: GitServer, opened: Opener
) -> None:
    repository = opened(over(http))
    http.faults.drop = True
    with pytest.raises(UnreachableError):
        repository.publish([change()])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match="tried again"):
        opened(Remote(url=f"http://127.0.0.1:{port}/deploy.git", limits=QUICK))


def test_a_push_whose_answer_is_lost_counts_as_done(
    http: GitServer, bare: Bare, opened: Opener
) -> None:
    repository = opened(over(http))
    http.faults.drop_after_push = True
    (outcome,) = repository.publish([change()])
    assert isinstance(outcome, Committed)
    assert outcome.commit == bare.tip()
    assert bare.count() == 1


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(Limits(stall=1, command=60), id="by curl's low-speed limit"),
        pytest.param(Limits(stall=60, command=0.5), id="by killing git"),
    ],
)
def test_a_server_that_hangs_is_left(http: GitServer, opened: Opener, limits: Limits) -> None:
    http.faults.hang = threading.Event()
    began = time.monotonic()
    with pytest.raises(UnreachableError):
        opened(over(http, limits=limits))
    assert time.monotonic() - began < 10


def test_inherited_settings_of_git_change_nothing(
    bare: Bare, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-push").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-push").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n[user]\n\tname = Me\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert isinstance(opened().publish([change()])[0], Committed)
    assert bare.git("log", "-1", "--format=%an") == "sampledb-renderer"


def test_every_transient_error_is_one_to_try_again() -> None:
    assert issubclass(UnreachableError, TransientError)


def test_https_is_checked_against_the_authority_that_is_named(
    bare: Bare, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    certificate = self_signed(tmp_path)
    with git_http(bare.folder.parent, tls=certificate) as server:
        with pytest.raises(AuthenticationError, match="certificate isn't trusted"):
            opened(over(server))
        remote = Remote(url=server.address("deploy.git"), authority=certificate, limits=QUICK)
        assert isinstance(opened(remote).publish([change()])[0], Committed)


@pytest.mark.parametrize("ahead", [timedelta(hours=7), timedelta(days=-2)])
def test_a_certificate_of_another_time_asks_for_a_look_at_the_clock(
    bare: Bare, opened: Opener, tmp_path: Path, ahead: timedelta
) -> None:
    certificate = self_signed(tmp_path, ahead=ahead)
    with git_http(bare.folder.parent, tls=certificate) as server:
        remote = Remote(url=server.address("deploy.git"), authority=certificate, limits=QUICK)
        with pytest.raises(AuthenticationError, match="set this machine's clock"):
            opened(remote)


def test_a_directory_of_another_user_is_told(bare: Bare, opened: Opener) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    for path in (bare.folder, *bare.folder.rglob("*")):
        os.chown(path, 65534, 65534)
    with pytest.raises(AuthenticationError, match="belongs to another user"):
        opened()
