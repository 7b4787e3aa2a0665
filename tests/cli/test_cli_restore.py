"""`sampledb restore` and `confirm`, as processes, against a laptop cluster."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import Any

import pytest
import yaml
from command_line import PROGRAM, Run, environment
from laptop_line import PATH, Line

from renderer.core.layout import CONFIRM_ANNOTATION, Key

KEY = Key(namespace="team-a", name="orders")
NAME = "team-a/orders"
INIT = {"sql": ["CREATE TABLE items (id int)", "INSERT INTO items VALUES (1), (2)"]}
TARGET = {"target": {"pvc": {"size": "1Gi"}}}
COUNT = "SELECT count(*) FROM items"
ID = "20260102T030405Z-1a2b3c"
VERIFIED = {"backups": {"lastVerified": {"id": ID}}}
KEPT = {"restored": "monday", "storage": {"previousClaim": "data-orders-0"}}
STEPS = ["Restore", "Stop", "Swap", "Verify", "Done"]


def claims(line: Line) -> list[str]:
    found = line.laptop.objects.list("persistentvolumeclaims")
    names = [item["metadata"]["name"] for item in found]
    return sorted(name for name in names if name.startswith("data-"))


def on_a_terminal(answer: str, *arguments: str) -> tuple[int, str]:
    """Run `sampledb` as a person does who answers its question."""
    mine, its = pty.openpty()
    try:
        os.write(mine, answer.encode())
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            stdin=its,
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
            timeout=180,
        )
    finally:
        os.close(mine)
        os.close(its)
    return done.returncode, done.stderr


def test_a_backup_comes_back_and_the_old_volume_goes_when_a_person_says_so(
    line: Line, process: Run
) -> None:
    kubeconfig = ("--kubeconfig", str(line.laptop.kubeconfig))
    with line.controller():
        line.create(init=INIT, backup={**TARGET, "requestedAt": "before"})
        line.until(lambda: line.holds("Ready"), "Ready")
        backup = line.get()["status"]["backups"]["lastVerified"]["id"]  # type: ignore[index] # it is there
        line.laptop.psql(KEY, "DELETE FROM items")
        asked = ("restore", NAME, "--backup", backup, "--id", "monday")

        rehearsed = process(*asked, "--dry-run", "-o", "json", *kubeconfig)
        assert rehearsed.code == 0, rehearsed.err
        in_git = ("--repository", line.laptop.repository, "--path", PATH)
        same = process(*asked, "--dry-run", "-o", "json", *kubeconfig, *in_git)
        assert (same.out, claims(line)) == (rehearsed.out, ["data-orders-0"])
        before = len(line.subjects())
        done = process(*asked, "--wait", *kubeconfig)
        assert done.code == 0, done.err
        assert line.laptop.psql(KEY, COUNT) == [("2",)]
        subjects = line.subjects()[before:]
        shown = process("status", NAME, *kubeconfig)
        again = process(*asked, *kubeconfig)

        silent = process("confirm", NAME, *kubeconfig)
        declined = on_a_terminal("n\n", "confirm", NAME, *kubeconfig)
        assert len(claims(line)) == 2
        answered = on_a_terminal("y\n", "confirm", NAME, "--wait", *kubeconfig)
        line.until(lambda: len(claims(line)) == 1, "only the restored volume")
        assert line.laptop.psql(KEY, COUNT) == [("2",)]
        nothing = process("confirm", NAME, "--yes", *kubeconfig)
    commits = json.loads(rehearsed.out)["commits"]
    assert [one["step"] for one in commits] == STEPS
    assert [one["subject"] for one in commits] == subjects
    assert "into a new volume, data-orders-r" in rehearsed.err
    assert f"data-orders-0, is kept until 'sampledb confirm {NAME}'" in rehearsed.err
    assert done.out.startswith(f"{NAME}: {backup} is restored; data-orders-0 is kept until ")
    assert "Restored      monday\n" in shown.out
    assert "data-orders-0, until 'sampledb confirm' lets it go" in shown.out
    assert again.code == 2
    assert "error: --id: was restored already" in again.err
    assert (silent.code, declined[0], answered[0]) == (4, 4, 0)
    assert "the volume data-orders-0, which the restore monday replaced" in silent.err
    assert "Let data-orders-0 of team-a/orders go? [y/N]" in declined[1]
    assert nothing.code == 2
    assert "no replaced volume is kept" in nothing.err


def test_a_restore_that_fails_ends_with_its_reason(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(backup=TARGET)
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("restore", NAME, "--backup", ID, "--wait", *kubeconfig)
    assert ended.code == 1
    assert "note: the status names no backup" in ended.err
    assert "error: RestoreFailed: Job orders-restore-" in ended.err
    assert f"there is no backup {ID}" in ended.err


@pytest.mark.parametrize(
    ("arguments", "spec", "status", "message"),
    [
        pytest.param([], {"hibernate": True}, {}, "spec.hibernate: is true: ", id="asleep"),
        pytest.param([], {"paused": True}, {}, "spec.paused: is true", id="paused"),
        pytest.param(
            ["--id", "monday"],
            {},
            {**VERIFIED, "restored": "monday"},
            "--id: was restored already, and an id is never restored again (got 'monday')",
            id="restored already",
        ),
        pytest.param(
            [],
            {},
            {"finalSnapshot": {"id": "20260101T000000Z-1a2b3c"}},
            f"--backup: is not a backup that the status knows as verified (got '{ID}'); "
            "it knows 20260101T000000Z-1a2b3c; for an older one give --unlisted",
            id="unknown backup",
        ),
        pytest.param(
            ["--id", "not an id"], {}, VERIFIED, "spec.restore.id: must hold only", id="no id"
        ),
    ],
)
def test_a_restore_that_can_not_be_made_is_refused(
    arguments: list[str],
    spec: dict[str, Any],
    status: dict[str, Any],
    message: str,
    still: Line,
    sampledb: Run,
) -> None:
    still.create(**spec)
    still.say(status)
    asked = ("restore", NAME, "--backup", ID, *arguments)
    ended = sampledb(*asked, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 2
    assert f"error: {message}" in ended.err
    assert not (still.get() or {})["spec"].get("restore", {}).get("id")


def test_an_older_backup_is_taken_when_that_is_said(still: Line, sampledb: Run) -> None:
    still.create()
    still.say({"backups": {"lastVerified": {"id": "another"}}})
    asked = ("restore", NAME, "--backup", ID, "--id", "monday", "--unlisted")
    ended = sampledb(*asked, "-o", "yaml", "--kubeconfig", still.laptop.kubeconfig)
    assert (ended.code, yaml.safe_load(ended.out)["restore"]) == (0, "monday")
    assert (still.get() or {})["spec"]["restore"]["from"]["backupId"] == ID


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        pytest.param(
            ["--restore", "tuesday"], KEPT, "--restore: is not what replaced", id="another"
        ),
        pytest.param(
            [],
            {**KEPT, "operation": {"type": "Restore"}},
            "status.operation: Restore is under way",
            id="too early",
        ),
        pytest.param([], {}, "status.storage.previousClaim: no replaced", id="nothing kept"),
    ],
)
def test_what_can_not_be_confirmed_is_refused(
    arguments: list[str], status: dict[str, Any], message: str, still: Line, sampledb: Run
) -> None:
    still.create()
    still.say(status)
    asked = ("confirm", NAME, "--yes", *arguments)
    ended = sampledb(*asked, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 2
    assert f"error: {message}" in ended.err
    assert CONFIRM_ANNOTATION not in (still.get() or {})["metadata"].get("annotations", {})


def test_the_confirmation_is_the_last_restores_id(still: Line, sampledb: Run) -> None:
    still.create()
    still.say(KEPT)
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    edit = yaml.safe_load(sampledb("confirm", NAME, "--print", *kubeconfig).out)
    ended = sampledb("confirm", NAME, "--yes", *kubeconfig)
    assert ended.code == 0, ended.err
    annotations = (still.get() or {})["metadata"]["annotations"]
    assert annotations == edit["metadata"]["annotations"] == {CONFIRM_ANNOTATION: "monday"}
    assert "spec" not in edit
    assert "says so already" in sampledb("confirm", NAME, *kubeconfig).err


def test_the_edits_for_git_are_printed_and_need_no_cluster(process: Run) -> None:
    restored = process("restore", NAME, "--backup", ID, "--print")
    assert yaml.safe_load(restored.out)["spec"]["restore"]["from"] == {"backupId": ID}
    confirmed = process("confirm", NAME, "--restore", "monday", "--print")
    assert yaml.safe_load(confirmed.out)["metadata"] == {
        "namespace": "team-a",
        "name": "orders",
        "annotations": {CONFIRM_ANNOTATION: "monday"},
    }


def test_a_snapshot_is_asked_for_by_its_name(still: Line, sampledb: Run) -> None:
    still.create()
    kubeconfig = ("--kubeconfig", str(still.laptop.kubeconfig))
    printed = sampledb("restore", NAME, "--snapshot", "orders-s1", "--id", "monday", "--print")
    assert yaml.safe_load(printed.out)["spec"]["restore"] == {
        "id": "monday",
        "from": {"volumeSnapshotName": "orders-s1"},
    }
    neither = sampledb("restore", NAME, *kubeconfig)
    assert neither.code == 2
    assert "missing option --backup, --snapshot or --url" in neither.err


def test_what_the_restore_before_named_is_taken_back(still: Line, sampledb: Run) -> None:
    still.create(restore={"id": "monday", "from": {"volumeSnapshotName": "orders-s1"}})
    asked = ("restore", NAME, "--backup", ID, "--id", "tuesday", "--unlisted")
    ended = sampledb(*asked, "--kubeconfig", str(still.laptop.kubeconfig))
    assert ended.code == 0, ended.err
    asked_for = (still.get() or {})["spec"]["restore"]
    assert {name: value for name, value in asked_for["from"].items() if value} == {"backupId": ID}


def test_the_volume_that_an_upgrade_has_replaced_is_confirmed_by_the_upgrades_id(
    still: Line, sampledb: Run
) -> None:
    still.create()
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    storage = {"previousClaim": "data-orders-0", "replacedBy": "dumprestoreupgrade-2"}
    still.say({"restored": "monday", "storage": storage})
    ended = sampledb("confirm", NAME, "--yes", *kubeconfig)
    assert "which the upgrade dumprestoreupgrade-2 replaced" in ended.err
    annotations = (still.get() or {})["metadata"]["annotations"]
    assert annotations[CONFIRM_ANNOTATION] == "dumprestoreupgrade-2"


def test_until_when_a_replaced_volume_is_kept_is_told(still: Line, sampledb: Run) -> None:
    still.create()
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    past = {"type": "Restore", "id": "restore-2", "result": "Succeeded", "commit": "c" * 40}
    storage = {**KEPT["storage"], "keptUntil": "2026-01-09T03:04:05Z"}
    still.say({**KEPT, "storage": storage, "history": [past]})
    told = "data-orders-0, until 2026-01-09T03:04:05Z, or 'sampledb confirm' lets it go"
    assert told in sampledb("status", NAME, *kubeconfig).out
    assert told in sampledb("history", NAME, *kubeconfig).err


def test_a_backup_that_was_never_verified_is_allowed_for_one_restore_only(
    still: Line, sampledb: Run
) -> None:
    still.create()
    kubeconfig = ("--kubeconfig", str(still.laptop.kubeconfig))
    printed = sampledb("restore", NAME, "--backup", ID, "--allow-unverified", "--print")
    assert yaml.safe_load(printed.out)["spec"]["restore"]["allowUnverified"] is True
    first = sampledb("restore", NAME, "--backup", ID, "--allow-unverified", *kubeconfig)
    assert first.code == 0, first.err
    assert (still.get() or {})["spec"]["restore"]["allowUnverified"] is True
    second = sampledb("restore", NAME, "--backup", ID, "--unlisted", *kubeconfig)
    assert second.code == 0, second.err
    assert (still.get() or {})["spec"]["restore"]["allowUnverified"] is False


def test_the_backup_of_another_namespace_is_asked_for_once_that_is_granted(
    still: Line, sampledb: Run
) -> None:
    store = {"target": {"s3": {"bucket": "backups", "secretName": "store"}}}
    still.create("copy", backup=store)
    still.elsewhere("team-b").create(backup={**store, "grants": []})
    kubeconfig = ("--kubeconfig", str(still.laptop.kubeconfig))
    asked = ("restore", "team-a/copy", "--of", "team-b/orders", "--backup", ID, "--id", "1")
    printed = sampledb(*asked, "--print")
    source = {"backupId": ID, "sampleDB": "orders", "namespace": "team-b"}
    assert yaml.safe_load(printed.out)["spec"]["restore"]["from"] == source
    refused = sampledb(*asked, *kubeconfig)
    assert refused.code == 2
    assert "its owner writes there spec.backup.grants: [{namespace: team-a}]" in refused.err
    still.elsewhere("team-b").edit(
        lambda db: db["spec"]["backup"].update(grants=[{"namespace": "team-a"}])
    )
    assert sampledb(*asked, *kubeconfig).code == 0
    near = sampledb("restore", "team-a/copy", "--of", "orders", "--backup", ID, "--print")
    found = yaml.safe_load(near.out)["spec"]["restore"]["from"]
    assert found == {"backupId": ID, "sampleDB": "orders"}
    alone = sampledb("restore", "team-a/copy", "--of", "orders", "--snapshot", "s1")
    assert "--of needs --backup" in alone.err
