"""What is never written: bad paths, links in the way, too much at once, another owner's part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from servers.git_bare import QUICK, Bare, change

from renderer.core.errors import InvalidError
from renderer.git.change import Change, Committed, Refused, Superseded
from renderer.git.errors import OwnedByAnotherError, RemovalError
from renderer.git.fence import Owner
from renderer.git.guard import Removals
from renderer.git.remote import Remote
from renderer.git.repository import Repository

Opener = Callable[..., Repository]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"directory": "../out"}, id="leaves the repository"),
        pytest.param({"directory": "databases//x"}, id="empty component"),
        pytest.param({"directory": ".git/hooks"}, id="git's own"),
        pytest.param({"files": {"a/b": b""}}, id="nested file"),
        pytest.param({"files": {"": b""}}, id="no name"),
        pytest.param({"files": {"a\nb": b""}}, id="line break in a name"),
        pytest.param({"files": {}}, id="no files"),
        pytest.param({"beside": {"databases/team-a/bad/x": b""}}, id="beside inside"),
        pytest.param({"beside": {"/etc/passwd": b""}}, id="absolute"),
    ],
)
def test_a_bad_change_is_refused_and_the_others_go(
    opened: Opener, bare: Bare, broken: dict[str, Any]
) -> None:
    bad: Change = replace(change("bad"), **broken)
    refused, committed = opened().publish([bad, change("good")])
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, InvalidError)
    assert isinstance(committed, Committed)
    assert {path.split("/")[2] for path in bare.files()} == {"good"}


def test_a_path_outside_the_part_that_we_write_is_refused(opened: Opener, bare: Bare) -> None:
    repository = opened(Remote(url=str(bare.folder), path="clusters/prod", limits=QUICK))
    (outcome,) = repository.publish([change(prefix="clusters/test/")])
    assert isinstance(outcome, Refused)
    assert "clusters/prod" in str(outcome.error)


@pytest.mark.parametrize(
    ("place", "mode", "content"),
    [
        pytest.param("databases", "120000", "/etc", id="link above"),
        pytest.param("databases/team-a/orders", "120000", "../../elsewhere", id="link"),
        pytest.param("databases/team-a", "160000", "1" * 40, id="submodule"),
        pytest.param("databases/team-a/orders", "100644", "file", id="file"),
    ],
)
def test_links_and_submodules_in_the_way_are_refused_by_name(
    opened: Opener, bare: Bare, place: str, mode: str, content: str
) -> None:
    tip = bare.write(place, content, mode=mode)
    (outcome,) = opened().publish([change()])
    assert isinstance(outcome, Refused)
    assert place in str(outcome.error)
    assert "links are never followed" in str(outcome.error)
    assert bare.tip() == tip


def test_a_link_where_a_file_beside_belongs_is_refused(opened: Opener, bare: Bare) -> None:
    bare.write("apps/x.yaml", "/etc/passwd", mode="120000")
    repository = opened()
    (outcome,) = repository.publish([replace(change(), beside={"apps/x.yaml": b"y"})])
    assert isinstance(outcome, Refused)
    assert repository.read("apps/x.yaml") is None


def test_two_changes_of_one_directory_are_not_mixed(opened: Opener) -> None:
    first, second = opened().publish([change(), change(text="b")])
    assert isinstance(first, Committed)
    assert isinstance(second, Superseded)


def test_too_many_removals_are_refused_until_approved(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change(f"db-{number}") for number in range(4)])

    def gone(*numbers: int) -> list[Change]:
        names = [f"db-{number}" for number in numbers]
        trees = [repository.tree(f"databases/team-a/{name}") for name in names]
        return [change(name, None, based_on=tree) for name, tree in zip(names, trees, strict=True)]

    *refused, committed = repository.publish([*gone(0, 1, 2), change("new")])
    for outcome in refused:
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, RemovalError)
        assert "3 of 4 SampleDBs" in str(outcome.error)
    assert isinstance(committed, Committed)
    assert all(isinstance(o, Committed) for o in repository.publish(gone(0, 1)))
    assert all(
        isinstance(o, Committed) for o in repository.publish(gone(2, 3, 3)[:2], approved=True)
    )
    assert {path.split("/")[2] for path in bare.files()} == {"new"}


@pytest.mark.parametrize("existing", range(1, 7))
def test_a_single_removal_is_never_too_many(opened: Opener, bare: Bare, existing: int) -> None:
    repository = opened(removals=Removals(percent=1))
    repository.publish([change(f"db-{number}") for number in range(existing)])
    tree = repository.tree("databases/team-a/db-0")
    (outcome,) = repository.publish([change("db-0", None, based_on=tree)])
    assert isinstance(outcome, Committed)
    assert not [path for path in bare.files() if "db-0" in path]


def test_the_owner_file_comes_with_the_first_commit_and_keeps_others_out(
    opened: Opener, bare: Bare
) -> None:
    mine = opened(owner=Owner(cluster="uid-1", shard="a", version="1"))
    assert not mine.check_owner()
    mine.publish([change()])
    assert mine.check_owner()
    assert 'cluster: "uid-1"' in bare.show(".sampledb-owner.yaml")
    upgraded = opened(cache="later", owner=Owner(cluster="uid-1", shard="a", version="2"))
    assert isinstance(upgraded.publish([change("stock")])[0], Committed)
    tip = bare.tip()
    for owner in (Owner(cluster="uid-2", shard="a"), Owner(cluster="uid-1", shard="b")):
        other = opened(cache=f"other-{owner.cluster}-{owner.shard}", owner=owner)
        with pytest.raises(OwnedByAnotherError, match="belongs to cluster 'uid-1', shard 'a'"):
            other.publish([change("users")])
    assert bare.tip() == tip


def test_an_owner_file_that_can_not_be_read_keeps_everybody_out(opened: Opener, bare: Bare) -> None:
    bare.write(".sampledb-owner.yaml", "cluster: [")
    with pytest.raises(OwnedByAnotherError, match="can't be read"):
        opened(owner=Owner(cluster="uid-1")).publish([change()])
