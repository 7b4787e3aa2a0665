"""Others write the same branch: moved, replayed, superseded, rewritten, protected."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from servers.git_bare import NOW, QUICK, Bare, change

from renderer.git.change import Change, Committed, Superseded, Unchanged
from renderer.git.errors import MovedError, ProtectedError, RewrittenError
from renderer.git.pause import pauses
from renderer.git.remote import Remote
from renderer.git.repository import Repository

Opener = Callable[..., Repository]


def test_a_moved_tip_is_replayed_not_merged(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change()])
    theirs = bare.write("databases/team-b/x/a.yaml", "theirs")
    (outcome,) = repository.publish([change("stock")])
    assert isinstance(outcome, Committed)
    assert bare.git("rev-list", "--parents", "-1", "main").split() == [outcome.commit, theirs]
    assert "databases/team-b/x/a.yaml" in bare.files()


def test_a_directory_that_somebody_else_wrote_is_not_overwritten(
    opened: Opener, bare: Bare
) -> None:
    repository = opened()
    repository.publish([change()])
    based_on = repository.tree("databases/team-a/orders")
    bare.write("databases/team-a/orders/record.yaml", "by hand")
    outcomes = repository.publish([change(text="b", based_on=based_on), change("stock")])
    assert isinstance(outcomes[0], Superseded)
    assert "databases/team-a/orders was written by somebody else" in outcomes[0].reason
    assert isinstance(outcomes[1], Committed)
    assert bare.show("databases/team-a/orders/record.yaml") == "by hand"


def test_a_directory_that_was_removed_meanwhile_is_decided_again(opened: Opener) -> None:
    (outcome,) = opened().publish([change(based_on="1" * 40)])
    assert isinstance(outcome, Superseded)
    assert "was removed" in outcome.reason


def test_what_another_wrote_alike_is_nothing_to_do(opened: Opener, bare: Bare) -> None:
    one, two = opened(), opened(cache="two")
    one.publish([change()])
    (outcome,) = two.publish([change()], now=NOW + timedelta(seconds=1))
    assert outcome == Unchanged(commit=bare.tip())
    assert bare.count() == 1


def test_competing_writers_lose_nothing(opened: Opener, bare: Bare) -> None:
    writers = [opened(cache=f"writer-{number}") for number in range(3)]

    def work(number: int) -> None:
        for turn in range(4):
            pending: list[Change] = [change(f"db-{number}-{turn}")]
            while pending:
                try:
                    (outcome,) = writers[number].publish(pending)
                except MovedError:
                    continue
                assert isinstance(outcome, Committed)
                pending = []

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert bare.count() == 12
    assert bare.git("rev-list", "--merges", "--count", "main") == "0"
    assert len(bare.files()) == 36


def test_a_branch_that_never_rests_is_given_up_after_the_limit(opened: Opener, bare: Bare) -> None:
    pauses_taken: list[float] = []

    def meanwhile(seconds: float) -> None:
        pauses_taken.append(seconds)

    bare.hook(
        # Somebody else is always quicker: the hook itself moves the branch.
        "cat >/dev/null\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "export GIT_AUTHOR_NAME=e GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=e GIT_COMMITTER_EMAIL=e\n"
        'new=$(echo else | git commit-tree "main^{tree}" -p main)\n'
        "git update-ref refs/heads/main $new"
    )
    bare.write("readme", "x")
    repository = opened(sleep=meanwhile)
    with pytest.raises(MovedError, match="each of 5 attempts"):
        repository.publish([change()])
    assert len(pauses_taken) == 4
    assert repository.tip == bare.tip()


def test_a_pause_is_followed_by_another_look_at_the_branch(opened: Opener, bare: Bare) -> None:
    """Somebody pushes whenever we pause: waiting longer would never help."""
    first = bare.write("readme", "0")
    repository = opened(sleep=lambda _: bare.write("readme", "during the pause"))
    assert repository.tip == first
    bare.write("readme", "before the push")
    (outcome,) = repository.publish([change()])
    assert isinstance(outcome, Committed)
    assert bare.count() == 4


def test_pauses_grow_with_jitter_up_to_the_longest() -> None:
    taken = list(pauses(QUICK, random.Random(1)))  # noqa: S311 -- no secret
    assert len(taken) == QUICK.attempts - 1
    for number, seconds in enumerate(taken):
        step = min(QUICK.first_pause * 2**number, QUICK.longest_pause)
        assert step / 2 <= seconds <= step


def test_a_branch_protected_by_a_hook_shows_the_servers_own_words(
    opened: Opener, bare: Bare
) -> None:
    tip = bare.write("readme", "x")
    bare.hook("cat >/dev/null; echo 'main is frozen: ask the release team' >&2; exit 1")
    repository = opened()
    with pytest.raises(ProtectedError, match="main is frozen: ask the release team") as told:
        repository.publish([change()])
    assert "pre-receive hook declined" in str(told.value)
    assert bare.tip() == tip == repository.tip
    (bare.folder / "hooks" / "pre-receive").unlink()
    assert isinstance(repository.publish([change()])[0], Committed)


def test_a_server_that_hides_the_branch_from_pushes_is_protected(
    opened: Opener, bare: Bare
) -> None:
    bare.write("readme", "x")
    bare.git("config", "receive.hideRefs", "refs/heads/main")
    with pytest.raises(ProtectedError):
        opened().publish([change()])


def test_no_history_is_ever_rewritten(opened: Opener, bare: Bare) -> None:
    bare.git("config", "receive.denyNonFastForwards", "true")
    bare.git("config", "receive.denyDeletes", "true")
    repository = opened()
    repository.publish([change()])
    first = bare.tip()
    bare.write("readme", "x")
    repository.publish([change("stock")])
    assert bare.git("merge-base", "--is-ancestor", first, "main") == ""


def test_a_force_pushed_branch_stops_us_until_it_is_accepted(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change()])
    known = bare.tip()
    bare.git("update-ref", "-d", "refs/heads/main")
    rewritten = bare.write("readme", "another history")
    for attempt in (repository.fetch, lambda: repository.publish([change("stock")])):
        with pytest.raises(RewrittenError, match="does not descend") as told:
            attempt()
        assert str(repository.folder) in str(told.value)
    assert repository.tip == known
    assert bare.tip() == rewritten
    repository.close()
    with pytest.raises(RewrittenError):  # a restart does not forget
        opened()
    other = Remote(url=str(bare.folder), limits=QUICK)
    assert opened(other, cache="fresh").tip == rewritten


def test_a_rewritten_branch_can_be_accepted(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change()])
    bare.git("update-ref", "-d", "refs/heads/main")
    rewritten = bare.write("readme", "another history")
    repository.accept_rewritten()
    assert repository.tip == rewritten
    assert isinstance(repository.publish([change()])[0], Committed)


def test_a_removed_branch_stops_us(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change()])
    bare.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(RewrittenError, match="the branch was removed"):
        repository.publish([change("stock")])
    with pytest.raises(RewrittenError):
        repository.fetch()


def test_ancestry_and_the_last_commit_of_a_directory_are_told(opened: Opener, bare: Bare) -> None:
    repository = opened()
    assert repository.last_commit("databases/team-a/orders") is None
    repository.publish([change()])
    first = bare.tip()
    second = bare.write("readme", "x")
    repository.fetch()
    assert repository.is_ancestor(first, second)
    assert repository.is_ancestor(second, second)
    assert not repository.is_ancestor(second, first)
    assert not repository.is_ancestor("0" * 40, second)
    assert not repository.is_ancestor(second, "0" * 40)
    assert not repository.is_ancestor("main@sha1:x", second)
    assert not repository.is_ancestor(second, "--all")
    third = bare.write("readme", "y")
    assert not repository.is_ancestor(first, third)  # not fetched yet
    repository.fetch()
    assert repository.is_ancestor(first, third)
    told = repository.last_commit("databases/team-a/orders")
    assert told is not None
    assert told[0] == first
    assert repository.last_commit("databases/nobody") is None
