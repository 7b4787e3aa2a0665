"""The Git server in trouble: a user reads what is wrong, and all is committed after it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from e2e.appliers.git_host import GitHost
from e2e.handover import condition_of
from e2e.handover_none import Unapplied
from e2e.supervisor import Run
from subjects import PROVISION

NO_SPACE = "No space left on device"


@contextmanager
def ordered(git: GitHost, **faults: object) -> Iterator[None]:
    """The faults are in force inside; all is well after it."""
    git.order(**faults)
    try:
        yield
    finally:
        git.order()


@contextmanager
def firewalled(git: GitHost, run: Run, *verdict: str) -> Iterator[None]:
    """Who connects to the server is rejected or gets no answer; also whoever is connected."""
    port = str(urlsplit(git.http).port)
    rule = ["INPUT", "-i", "lo", "-p", "tcp", "--dport", port, "-j", *verdict]
    run.note("rules", " ".join(rule))
    subprocess.run(["iptables", "-w", "-I", *rule], check=True)
    try:
        yield
    finally:
        subprocess.run(["iptables", "-w", "-D", *rule], check=True)


@pytest.fixture(scope="module")
def site(unapplied: Callable[[str], Unapplied]) -> Iterator[Unapplied]:
    """One controller that lives through all the faults."""
    made = unapplied("git")
    with made.controller("--timeout", "15s"):
        made.create("first")
        made.committed("first")
        yield made


@pytest.mark.parametrize(
    ("name", "faults", "words"),
    [
        ("down", {"drop": True}, "it will be tried again"),
        ("unknown", {"status": 401}, "the credentials are missing, wrong or lack the right"),
        ("forbidden", {"status": 403}, "the credentials are missing, wrong or lack the right"),
        ("broken", {"status": 500}, "The requested URL returned error: 500"),
        ("read-only", {"push_status": 403}, "check the user, the token or the key"),
        ("unheard", {"push_status": 503}, "The requested URL returned error: 503"),
    ],
)
def test_a_failing_server_is_told_and_pushed_to_when_it_is_well_again(
    site: Unapplied, breakable_git: GitHost, name: str, faults: dict[str, object], words: str
) -> None:
    with ordered(breakable_git, **faults):
        site.create(name)
        site.refused(name, words)
        found = site.get(name)
        assert found["status"]["message"] == condition_of(found, "Committed")["message"]
    commit = site.committed(name)
    assert site.bare.git("merge-base", "--is-ancestor", commit, "main") == ""
    assert site.subjects(name) == PROVISION[:1]


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("refused", ("REJECT", "--reject-with", "tcp-reset"), "Failed to connect to 127.0.0.1"),
        ("dropped", ("DROP",), "took more than 15 s and was stopped"),
    ],
)
def test_a_server_that_can_not_be_reached_is_told_and_pushed_to_when_it_can(
    site: Unapplied,
    breakable: Run,
    breakable_git: GitHost,
    name: str,
    verdict: tuple[str, ...],
    words: str,
) -> None:
    with firewalled(breakable_git, breakable, *verdict):
        site.create(name)
        site.refused(name, words)
        said = site.refused("first", words)
        assert "check" in said["message"]
    site.committed(name)
    assert site.subjects(name) == PROVISION[:1]


def test_an_answer_that_gets_lost_is_not_pushed_twice(
    site: Unapplied, breakable_git: GitHost
) -> None:
    with ordered(breakable_git, drop_after_push=True):
        site.create("lost")
        site.committed("lost")
    assert site.subjects("lost") == PROVISION[:1]


def test_a_slow_server_only_takes_longer(site: Unapplied, breakable_git: GitHost) -> None:
    names = [f"slow-{number}" for number in range(3)]
    with ordered(breakable_git, slow=1.5):
        for name in names:
            site.create(name)
        commits = {site.committed(name) for name in names}
    assert all(len(site.subjects(name)) == 1 for name in names)
    assert len(commits) < len(names)  # what gathered meanwhile went together


def test_a_protected_branch_is_told_in_the_servers_words(site: Unapplied) -> None:
    site.bare.hook('echo "main is protected: ask the platform team" >&2; exit 1')
    site.create("protected")
    site.refused("protected", "main is protected: ask the platform team")
    said = site.refused("protected", "allow this account to push to the branch")
    assert said["reason"] == "PushFailed"
    site.bare.hook("exit 0")
    site.committed("protected")


def test_a_full_disk_of_the_server_is_told_and_nothing_is_lost(
    unapplied: Callable[[str], Unapplied],
) -> None:
    site = unapplied("full")
    with full_disk(site.bare.folder / "objects") as disk, site.controller():
        site.create("early")
        before = site.committed("early")
        filler = disk / "filler"
        fill(filler)
        site.create("late")
        site.refused("late", NO_SPACE)
        assert site.bare.tip() == before
        filler.unlink()
        site.committed("late")
        site.bare.git("fsck", "--strict")
        assert all(len(site.subjects(name)) == 1 for name in ("early", "late"))


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A disk of 2 MB in place of a folder; what it holds at the end is kept."""
    kept = folder.with_name("kept")
    kept.mkdir()
    subprocess.run(["cp", "-a", f"{folder}/.", kept], check=True)
    options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"]
    subprocess.run(["mount", *options, folder], check=True)
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", folder], check=True)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Write until there is no room left."""
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(4096))
        except OSError as error:
            assert NO_SPACE in str(error)  # noqa: PT017 - writing until it fails is the point
