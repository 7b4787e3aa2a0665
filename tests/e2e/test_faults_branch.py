"""Others on the branch: somebody who pushes all the time, and somebody who rewrites it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from e2e.appliers.git_host import WRITER
from e2e.handover_none import Unapplied

_PAUSE_SECONDS = 0.2


@dataclass(slots=True, kw_only=True)
class Person:
    """Pushes to a folder of their own with a clone and a work tree, as people do."""

    clone: Path
    pushed: list[str] = field(default_factory=list)
    """The commits that the server took."""

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        return subprocess.run(
            ["git", *who, "-C", str(self.clone), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def push_one(self) -> None:
        """One more file; a rejected push is rebased and tried again at the next one."""
        file = self.clone / "somebody" / f"{len(self.pushed)}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{len(self.pushed)}\n")
        self.git("add", "somebody")
        self.git("commit", "--quiet", "-m", f"somebody's {file.name}")
        self.git("pull", "--quiet", "--rebase")
        if self.git("push", "--quiet").returncode == 0:
            self.pushed.append(self.git("rev-parse", "HEAD").stdout.strip())

    def work(self, ended: threading.Event) -> None:
        while not ended.wait(_PAUSE_SECONDS):
            self.push_one()


@contextlib.contextmanager
def pushing(site: Unapplied) -> Iterator[Person]:
    """Somebody pushes all the time."""
    user, token = WRITER
    address = urlsplit(site.url)
    url = address._replace(netloc=f"{user}:{token}@{address.netloc}").geturl()
    person = Person(clone=site.folder / "clone")
    subprocess.run(["git", "clone", "--quiet", url, str(person.clone)], check=True)
    ended = threading.Event()
    thread = threading.Thread(target=person.work, args=(ended,))
    thread.start()
    try:
        yield person
    finally:
        ended.set()
        thread.join()


def test_a_writer_who_never_rests_and_we_lose_no_commit_to_each_other(
    unapplied: Callable[[str], Unapplied],
) -> None:
    site = unapplied("busy")
    site.bare.git("config", "core.logAllRefUpdates", "always")
    site.bare.git("config", "receive.denyNonFastForwards", "true")
    site.bare.write("README.md", "deployments\n")
    names = [f"db-{number}" for number in range(3)]
    ours = []
    with site.controller("--commit-mode", "each"), pushing(site) as person:
        for name in names:
            site.create(name)
            ours.append(site.committed(name))
        for name in names:
            site.create(name, parameters={"max_connections": "75"})
            ours.append(site.committed(name))
    assert len(set(ours)) == 2 * len(names)
    assert len(person.pushed) >= len(names)
    on_branch = set(site.bare.git("rev-list", "main").splitlines())
    assert on_branch.issuperset([*ours, *person.pushed])
    tips = site.bare.git("reflog", "--format=%H", "main").splitlines()
    assert on_branch.issuperset(tips)  # nobody ever took a commit off the branch


REWRITTEN = "the history of main was rewritten"


def test_a_force_pushed_branch_stops_the_controller_until_a_person_agrees(
    unapplied: Callable[[str], Unapplied],
) -> None:
    site = unapplied("rewritten")
    cache = site.folder / "cache"
    flags = ("--cache", str(cache), "--fetch-interval", "1s")
    with site.controller(*flags):
        site.create("idle")
        site.committed("idle")
        site.create("edited")
        site.committed("edited")
        forced = site.bare.git("commit-tree", "main^{tree}", "-m", "history is what I say it is")
        site.bare.git("update-ref", "refs/heads/main", forced)
        for name in ("idle", "edited"):
            said = site.refused(name, REWRITTEN)
            assert said["reason"] == "FetchFailed"
            assert f"remove {cache}" in said["message"]
        site.create("edited", parameters={"max_connections": "75"})
        site.create("new")
        site.refused("new", REWRITTEN)
    assert site.bare.tip() == forced

    with site.controller(*flags):
        site.until(lambda: "can't be opened yet" in site.log(), "the restart stops as well")
    assert site.bare.tip() == forced

    shutil.rmtree(cache)
    with site.controller(*flags):
        for name in ("idle", "edited", "new"):
            site.committed(name)
    assert site.bare.git("merge-base", "--is-ancestor", forced, "main") == ""
    assert "75" in site.bare.show(f"{site.directory('edited')}/configmap.yaml")
    assert f"{site.directory('new')}/record.yaml" in site.bare.files()
