"""What a publish writes, on real local repositories."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servers.git_bare import NOW, QUICK, Bare, change, make_bare

from renderer.core.errors import InvalidError
from renderer.core.objects import blob_id, tree_id
from renderer.git.change import Committed, Unchanged
from renderer.git.errors import CacheError
from renderer.git.fence import Owner
from renderer.git.remote import Identity, Remote
from renderer.git.repository import Repository

Opener = Callable[..., Repository]


def test_the_first_commit_makes_the_branch_of_an_empty_repository(
    opened: Opener, bare: Bare
) -> None:
    repository = opened()
    assert repository.tip is None
    (outcome,) = repository.publish([change()])
    assert outcome == Committed(commit=bare.tip(), committed_at=NOW)
    assert repository.tip == bare.tip()
    assert bare.files() == [
        f"databases/team-a/orders/{name}"
        for name in ("record.yaml", "service.yaml", "statefulset.yaml")
    ]
    assert bare.show("databases/team-a/orders/record.yaml") == "record: a"


def test_a_branch_beside_others_is_made_when_it_is_not_there(bare: Bare, opened: Opener) -> None:
    bare.write("readme", "x")
    remote = Remote(url=str(bare.folder), branch="deploy/prod", limits=QUICK)
    repository = opened(remote)
    assert repository.tip is None
    repository.publish([change()])
    assert bare.count("deploy/prod") == 1
    assert bare.files("main") == ["readme"]


def test_a_publish_that_changes_nothing_writes_and_asks_nothing(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change()])
    away = bare.folder.rename(bare.folder.with_name("away"))
    tip = repository.tip
    assert repository.publish([change()]) == (Unchanged(commit=tip),)
    assert away.exists()


def test_a_directory_is_owned_whole(opened: Opener, bare: Bare) -> None:
    bare.write("databases/team-a/orders/left/over.yaml", "x")
    bare.write("databases/team-a/orders/old.yaml", "x")
    bare.write("databases/team-a/other/kept.yaml", "x")
    repository = opened()
    based_on = repository.tree("databases/team-a/orders")
    assert based_on is not None
    repository.publish([change(based_on=based_on)])
    assert sorted(repository.listing("databases/team-a/orders")) == [
        "record.yaml",
        "service.yaml",
        "statefulset.yaml",
    ]
    assert "databases/team-a/other/kept.yaml" in bare.files()


def test_removing_a_directory_and_its_file_beside_leaves_the_rest(
    opened: Opener, bare: Bare
) -> None:
    bare.write("readme", "x")
    repository = opened()
    app = "apps/team-a.orders.yaml"
    first = replace(change(), beside={app: b"app"})
    repository.publish([first])
    assert app in bare.files()
    gone = replace(first, files=None, beside={app: None}, based_on=repository.tree(first.directory))
    (outcome,) = repository.publish([gone])
    assert isinstance(outcome, Committed)
    assert bare.files() == ["readme"]
    assert isinstance(repository.publish([gone])[0], Unchanged)


def test_a_file_that_is_written_once_is_never_changed_nor_removed(
    opened: Opener, bare: Bare
) -> None:
    repository = opened()
    grave = "tombstones/team-a/orders/1.yaml"
    repository.publish([replace(change(), once={grave: b"first"})])
    assert bare.show(grave) == "first"
    tree = repository.tree("databases/team-a/orders")
    again = replace(change(text="b", based_on=tree), once={grave: b"second"})
    assert isinstance(repository.publish([again])[0], Committed)
    assert bare.show(grave) == "first"
    assert isinstance(repository.publish([again])[0], Unchanged)
    for beside in ({grave: b"second"}, {grave: None}):
        (outcome,) = repository.publish([replace(again, beside=beside)])
        assert "is a tombstone, which is written once" in str(getattr(outcome, "error", ""))
    assert bare.show(grave) == "first"


def test_what_is_written_once_comes_with_the_commit_that_removes_the_directory(
    opened: Opener, bare: Bare
) -> None:
    repository = opened()
    repository.publish([change()])
    tree = repository.tree("databases/team-a/orders")
    gone = replace(change(text=None, based_on=tree), once={"tombstones/a/b/1.yaml": b"kept"})
    assert isinstance(repository.publish([gone])[0], Committed)
    assert bare.files() == ["tombstones/a/b/1.yaml"]
    assert bare.count() == 2


def test_the_last_files_of_a_branch_can_be_removed(opened: Opener, bare: Bare) -> None:
    repository = opened()
    repository.publish([change()])
    gone = change(text=None, based_on=repository.tree("databases/team-a/orders"))
    assert isinstance(repository.publish([gone])[0], Committed)
    assert bare.files() == []
    assert isinstance(repository.publish([change()])[0], Committed)


@pytest.mark.parametrize("prefix", ["", "clusters/prod", "a b/ü"])
@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_any_path_and_object_format_is_written_and_read_back(
    tmp_path: Path, opened: Opener, prefix: str, form: str
) -> None:
    bare = make_bare(tmp_path / "formats" / "deploy.git", form)
    remote = Remote(url=f"file://{bare.folder}", path=prefix, limits=QUICK)
    repository = opened(remote, owner=Owner(cluster="uid"))
    wanted = change(prefix=f"{prefix}/" if prefix else "")
    assert isinstance(repository.publish([wanted])[0], Committed)
    assert isinstance(repository.publish([wanted])[0], Unchanged)
    assert wanted.files is not None
    assert repository.tree(wanted.directory) == tree_id(wanted.files, form)
    again = opened(remote, cache="second")
    listing = again.snapshot(f"{prefix}/databases" if prefix else "databases")[wanted.directory]
    assert listing == again.listing(wanted.directory)
    assert again.read_many(listing.values()) == {
        blob_id(content, form): content for content in wanted.files.values()
    }
    bare.git("fsck", "--strict")


def test_several_changes_make_one_commit_with_a_line_each(opened: Opener, bare: Bare) -> None:
    repository = opened()
    outcomes = repository.publish([change("orders"), change("stock", "b"), change("users")])
    assert {outcome.commit for outcome in outcomes if isinstance(outcome, Committed)} == {
        bare.tip()
    }
    assert bare.count() == 1
    assert bare.git("log", "-1", "--format=%B").splitlines() == [
        "3 SampleDBs: set a, and 1 more",
        "",
        "- team-a/orders: set a",
        "- team-a/stock: set b",
        "- team-a/users: set a",
        "",
        "SampleDB: team-a/orders",
        "UID: uid-orders",
        "SampleDB: team-a/stock",
        "UID: uid-stock",
        "SampleDB: team-a/users",
        "UID: uid-users",
    ]


def test_a_commit_each_is_a_setting_and_one_push(opened: Opener, bare: Bare) -> None:
    bare.hook("cat >/dev/null; echo one >> pushes")
    repository = opened(Remote(url=str(bare.folder), commit_each=True, limits=QUICK))
    outcomes = repository.publish([change(f"db-{number}") for number in range(100)])
    commits = [outcome.commit for outcome in outcomes if isinstance(outcome, Committed)]
    assert len(set(commits)) == 100 == bare.count()
    assert bare.git("log", "--reverse", "--format=%H").splitlines() == commits
    assert bare.git("log", "-1", "--format=%s") == "team-a/db-99: set a"
    assert (bare.folder / "pushes").read_text() == "one\n"


def test_the_same_input_makes_the_same_commit(opened: Opener, tmp_path: Path) -> None:
    tips = []
    for name in ("one", "two"):
        bare = make_bare(tmp_path / name / "deploy.git")
        repository = opened(Remote(url=str(bare.folder), limits=QUICK), cache=f"cache-{name}")
        repository.publish([change()], now=datetime(2025, 1, 2, tzinfo=UTC))
        tips.append(bare.tip())
    assert tips[0] == tips[1]


def test_author_and_committer_are_as_set_and_can_break_nothing(opened: Opener, bare: Bare) -> None:
    remote = Remote(
        url=str(bare.folder),
        author=Identity(name="Ada <Lovelace>\n", email="ada@example.com"),
        committer=Identity(name="Grace", email="<grace@example.com>"),
        limits=QUICK,
    )
    opened(remote).publish([change()])
    shown = bare.git("log", "-1", "--format=%an|%ae|%cn|%ce|%ct")
    assert shown == f"Ada Lovelace|ada@example.com|Grace|grace@example.com|{int(NOW.timestamp())}"


def test_commits_are_signed_with_an_ssh_key(opened: Opener, bare: Bare, tmp_path: Path) -> None:
    key = tmp_path / "signing key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"renderer@example.com {key.with_suffix('.pub').read_text()}")
    remote = Remote(url=str(bare.folder), signing_key=key, commit_each=True, limits=QUICK)
    outcomes = opened(remote).publish([change("one"), change("two")])
    assert all(isinstance(outcome, Committed) for outcome in outcomes)
    for commit in ("main", "main^"):
        bare.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", commit)
    assert bare.git("log", "-1", "--format=%s") == "team-a/two: set a"


def test_odd_characters_in_subjects_and_bodies_stay_in_their_place(
    opened: Opener, bare: Bare
) -> None:
    odd = replace(
        change(),
        subject="two\nlines\x00 «ünï» \u202e'\"`$(x)\r",
        body="first\n\n\n\nsecond\x07\n# not a comment\n",
        trailers=(("Input Digest", "a\nSampleDB: evil"), ("SampleDB", "team-a/orders")),
    )
    opened().publish([odd])
    assert bare.git("log", "-1", "--format=%s") == "team-a/orders: two lines «ünï» '\"`$(x)"
    assert "first\n\nsecond\n# not a comment" in bare.git("log", "-1", "--format=%B")
    trailers = bare.git("log", "-1", "--format=%(trailers:only)").splitlines()
    assert trailers == ["Input-Digest: a SampleDB: evil", "SampleDB: team-a/orders"]


def test_a_key_that_can_not_sign_is_told(opened: Opener, bare: Bare, tmp_path: Path) -> None:
    remote = Remote(url=str(bare.folder), signing_key=tmp_path / "no key", limits=QUICK)
    with pytest.raises(InvalidError, match=r"can't be signed with .*no key"):
        opened(remote).publish([change()])
    assert bare.git("for-each-ref") == ""


def test_a_copy_that_can_not_be_written_is_told_and_made_anew(opened: Opener, bare: Bare) -> None:
    repository = opened()
    for name in ("pack", "info"):
        (repository.folder / "objects" / name).rmdir()
    (repository.folder / "objects" / "pack").write_bytes(b"in the way")
    with pytest.raises(CacheError, match="can't be written"):
        repository.publish([change(f"db-{number}") for number in range(300)])
    outcomes = repository.publish([change(f"db-{number}") for number in range(300)])
    assert all(isinstance(outcome, Committed) for outcome in outcomes)
    assert len(bare.files()) == 900


@pytest.mark.parametrize(("name", "email"), [("", "a@b"), ("<>", "a@b"), ("A", " "), ("A", "<>")])
def test_commits_are_never_from_nobody(name: str, email: str) -> None:
    with pytest.raises(InvalidError, match="needs a name and an address"):
        Identity(name=name, email=email)
