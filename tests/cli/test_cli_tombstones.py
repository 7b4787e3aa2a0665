"""`sampledb tombstones`, `sampledb restore --from-tombstone`: a branch, a checkout, a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from command_line import Run, git
from pure_desired import desired

from renderer.core import layout, manifests, tombstone
from renderer.core.record import Record, Underway

BACKUP = {"id": "20260102T030405Z-1a2b3c", "size": 42, "sha256": "ab" * 32, "verified": True}
DONE = Record(
    generation=3,
    input_digest="x",
    data_version="18",
    version="18.4",
    underway=Underway(type="Delete", id="delete-3", step="Clear"),
    final_backup={**BACKUP, "database": "app", "method": "Logical"},
)


def bury(folder: Path, uid: str, at: str) -> Path:
    """Write a tombstone where the renderer would."""
    gone = desired(deleting=True, backup={"target": {"pvc": {"size": "1Gi"}}})
    gone = replace(gone, db=replace(gone.db, uid=uid, deleted_at=at))
    found = tombstone.of(gone, DONE)
    assert found is not None
    file = folder / layout.tombstone_file("clusters/prod", found.key, found.id)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(manifests.tombstone_file(found))
    return file


@pytest.fixture
def checkout(tmp_path: Path, bare: Path) -> Path:
    """A checkout, pushed, in which one name was deleted twice."""
    folder = tmp_path / "checkout"
    git(tmp_path, "clone", "-q", str(bare), str(folder))
    bury(folder, "one", "2026-01-02T03:00:00Z")
    bury(folder, "two", "2026-01-03T03:00:00Z")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "two deletions")
    git(folder, "push", "-q", "origin", "HEAD:main")
    return folder


IN = ("--path", "clusters/prod")


def test_tombstones_are_listed_newest_first_from_a_branch_and_a_checkout(
    checkout: Path, bare: Path, sampledb: Run
) -> None:
    for where in (("--repository", bare), ("--folder", checkout)):
        for name in ((), ("team-a",), ("team-a/orders",)):
            shown = sampledb("tombstones", *name, *where, *IN)
            head, first, second = shown.out.splitlines()
            assert head.split() == ["TOMBSTONE", "DELETED", "VERSION", "KEPT", "SIZE"]
            assert first.split()[1:] == ["2026-01-03T03:00:00Z", "18.4", BACKUP["id"], "42"]
            assert second.startswith("team-a/orders/20260102t030000z-")
        shown = sampledb("tombstones", *where, *IN, "-o", "json")
        listed = json.loads(shown.out)["tombstones"]
        assert listed[0]["backup"]["sha256"] == BACKUP["sha256"]
        assert listed[0]["file"].endswith(f"/tombstones/team-a/orders/{listed[0]['id']}.yaml")
        assert sampledb("tombstones", "team-b", *where, *IN).err == "note: there is no tombstone\n"


def test_of_several_tombstones_one_is_to_be_named(
    checkout: Path, bare: Path, sampledb: Run
) -> None:
    asked = ("restore", "--repository", bare, *IN, "--from-tombstone")
    refused = sampledb(*asked, "team-a/orders")
    assert refused.code == 2
    assert "there are 2 tombstones of that name, newest first: team-a/orders/20260103t" in (
        refused.err
    )
    newest = refused.err.partition("newest first: ")[2].partition(",")[0]
    made = sampledb(*asked, newest)
    assert made.code == 0, made.err
    document = yaml.safe_load(made.out)
    assert document["spec"]["restore"]["from"]["backupId"] == BACKUP["id"]
    assert sampledb("check", "-q", *_written(checkout, made.out)).code == 0
    short = sampledb(*asked, newest.partition("/")[2].partition("/")[0], "-n", "team-a")
    assert "there are 2" in short.err
    assert sampledb(*asked, "team-a/nobody").err.startswith(
        "error: --from-tombstone: there is no such tombstone (got 'team-a/nobody')"
    )


def _written(folder: Path, text: str) -> tuple[Path]:
    file = folder / "again.yaml"
    file.write_text(text)
    return (file,)


def test_a_file_or_stdin_is_enough(checkout: Path, process: Run) -> None:
    file = min(checkout.rglob("tombstones/**/*.yaml"))
    made = process("restore", "team-a/again", "--from-tombstone", file, "--id", "monday")
    assert made.code == 0, made.err
    document = yaml.safe_load(made.out)
    assert (document["metadata"]["name"], document["spec"]["restore"]["id"]) == ("again", "monday")
    assert document["spec"]["restore"]["from"]["sampleDB"] == "orders"
    piped = process(
        *("restore", "again", "--from-tombstone", "-", "--id", "monday", "-o", "json"),
        stdin=file.read_text(),
    )
    assert json.loads(piped.out) == document


def test_an_edited_tombstone_is_told_by_list_restore_and_check(
    checkout: Path, sampledb: Run
) -> None:
    first, second = sorted(checkout.rglob("tombstones/**/*.yaml"))
    assert sampledb("check", "-q", checkout).code == 0
    first.write_text(first.read_text().replace("size: 42", "size: 43"))
    listed = sampledb("tombstones", "--folder", checkout, *IN)
    assert listed.code == 2
    assert second.stem in listed.out
    assert first.stem not in listed.out
    restored = sampledb("restore", "--from-tombstone", first)
    checked = sampledb("check", checkout)
    assert (restored.code, checked.code) == (2, 1)
    for said in (listed.err, restored.err, checked.out):
        assert "metadata.annotations[sampledb.dev/content-hash]: isn't that of the content" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "missing argument NAME", id="nothing"),
        pytest.param(["orders"], "missing option --backup", id="no backup"),
        pytest.param(
            ["--from-tombstone", "x.yaml", "--backup", BACKUP["id"]],
            "give --backup or --from-tombstone, not both",
            id="both",
        ),
        pytest.param(["--from-tombstone", "x.yaml"], "no such file or folder", id="no file"),
        pytest.param(["--from-tombstone", "a/B"], "NAME: is not a lower-case RFC", id="no name"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], message: str, sampledb: Run) -> None:
    ended = sampledb("restore", *arguments)
    assert ended.code == 2
    assert message in ended.err


def test_a_backup_on_a_volume_stays_in_its_namespace(checkout: Path, sampledb: Run) -> None:
    file = min(checkout.rglob("tombstones/**/*.yaml"))
    ended = sampledb("restore", "team-b/orders", "--from-tombstone", file)
    assert ended.code == 2
    assert "NAME: is not in team-a, where the backup lies on a volume" in ended.err
    assert "write team-a/orders" in ended.err
