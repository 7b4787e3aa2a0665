"""`sampledb commit` and `sampledb diff`, on real repositories."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import EXAMPLES, MINIMAL, Run, git

BAD = EXAMPLES / "broken" / "storage-size.yaml"
FOLDER = "databases/team-a/example-database"


def test_a_folder_is_one_commit_with_a_line_for_each(sampledb: Run, bare: Path) -> None:
    ended = sampledb("commit", EXAMPLES / "team", "--repository", bare)
    assert (ended.code, ended.err) == (0, "")
    head, *lines = ended.out.splitlines()
    assert head.split() == ["SAMPLEDB", "RESULT", "COMMIT", "MESSAGE"]
    tip = git(bare, "rev-parse", "main")
    assert {line.split()[2] for line in lines} == {tip[:12]}
    assert git(bare, "rev-list", "--count", "main") == "1"


def test_each_can_have_a_commit_of_its_own(sampledb: Run, bare: Path) -> None:
    ended = sampledb(
        "commit", EXAMPLES / "team", "--repository", bare, "--commit-mode", "each", "-o", "json"
    )
    commits = [line["commit"] for line in json.loads(ended.out)]
    assert len(set(commits)) == len(commits)
    assert set(git(bare, "rev-list", "main").split()) == set(commits)


def test_nothing_to_change_is_no_commit(sampledb: Run, bare: Path) -> None:
    sampledb("commit", MINIMAL, "--repository", bare)
    tip = git(bare, "rev-parse", "main")
    ended = sampledb("commit", MINIMAL, "--repository", bare, "-o", "json")
    assert ended.code == 0
    assert [line["result"] for line in json.loads(ended.out)] == ["unchanged"]
    assert git(bare, "rev-parse", "main") == tip


def test_a_bad_one_is_left_out_and_the_others_go(sampledb: Run, bare: Path) -> None:
    ended = sampledb("commit", MINIMAL, BAD, "--repository", bare, "-o", "json")
    assert ended.code == 2
    results = {line["sampledb"]: line["result"] for line in json.loads(ended.out)}
    assert results == {"team-a/example-database": "committed", "team-a/broken": "invalid"}
    assert f"error: {BAD}:12: spec.storage.size" in ended.err
    assert "team-a/broken" not in git(bare, "ls-tree", "-r", "--name-only", "main")


def test_a_dry_run_pushes_nothing(sampledb: Run, bare: Path) -> None:
    ended = sampledb("commit", MINIMAL, "--repository", bare, "--dry-run")
    assert ended.code == 0
    assert "would commit" in ended.out
    assert git(bare, "for-each-ref") == ""


def test_a_file_edited_by_hand_is_put_back(
    sampledb: Run, bare: Path, clone: Callable[[], Path]
) -> None:
    sampledb("commit", MINIMAL, "--repository", bare)
    wanted = git(bare, "rev-parse", f"main:{FOLDER}")
    checkout = clone()
    file = checkout / FOLDER / "configmap.yaml"
    file.write_text(file.read_text().replace("max_connections", "max_wal_senders"))
    (checkout / "README.md").write_text("ours")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "by hand")
    git(checkout, "push", "-q")
    assert sampledb("commit", MINIMAL, "--repository", bare).code == 0
    assert git(bare, "rev-parse", f"main:{FOLDER}") == wanted
    assert git(bare, "show", "main:README.md") == "ours"


def test_an_unchanged_sampledb_is_no_difference(sampledb: Run, bare: Path) -> None:
    sampledb("commit", MINIMAL, "--repository", bare)
    ended = sampledb("diff", MINIMAL, "--repository", bare)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_a_difference_is_a_patch_that_git_applies(
    sampledb: Run, bare: Path, clone: Callable[[], Path], tmp_path: Path
) -> None:
    sampledb("commit", MINIMAL, "--repository", bare)
    checkout = clone()
    changed = tmp_path / "db.yaml"
    changed.write_text(
        MINIMAL.read_text().replace('max_connections: "50"', 'max_connections: "80"')
    )
    ended = sampledb("diff", changed, "--repository", bare)
    assert ended.code == 1
    assert "+    max_connections = '80'" in ended.out
    patch = tmp_path / "patch"
    patch.write_text(ended.out)
    git(checkout, "apply", str(patch))
    assert sampledb("diff", changed, "--folder", checkout).code == 0
    names = sampledb("diff", changed, "--repository", bare, "--name-only").out.splitlines()
    assert f"{FOLDER}/configmap.yaml" in names
    assert f"{FOLDER}/record.yaml" in names


@pytest.mark.parametrize(
    ("variables", "colored"),
    [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({}, False)],
    ids=["forced", "NO_COLOR wins", "a pipe"],
)
def test_a_patch_is_coloured_for_people_only(
    sampledb: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    colored: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ended = sampledb("diff", MINIMAL, "--folder", tmp_path)
    assert ended.code == 1
    assert ("\x1b[32m+" in ended.out) is colored
