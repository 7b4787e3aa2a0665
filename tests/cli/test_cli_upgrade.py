"""`sampledb upgrade`, as a process, against a laptop cluster."""

from __future__ import annotations

import json
from typing import Any

import yaml
from command_line import Run
from laptop_line import PATH, Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
NAME = "team-a/orders"


def version(line: Line) -> Any:
    return (line.get() or {})["spec"]["version"]


def test_what_the_dry_run_shows_is_what_happens(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    asked = ("upgrade", NAME, "--to", "18")
    with line.controller():
        line.create(version="16")
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.subjects()
        ended = process(*asked, "--dry-run", "-o", "json", *kubeconfig)
        assert ended.code == 0, ended.err
        in_git = ("--repository", line.laptop.repository, "--path", PATH)
        same = process(*asked, "--dry-run", "-o", "json", *kubeconfig, *in_git)
        assert same.out == ended.out
        shown = process(*asked, "--dry-run", *kubeconfig)
        assert (version(line), line.subjects()) == ("16", before)
        done = process(*asked, "--wait", *kubeconfig)
        assert done.code == 0, done.err
        after = line.subjects()
        refused = process("upgrade", NAME, "--to", "16", "--dry-run", *kubeconfig)
        again = process(*asked, "--dry-run", *kubeconfig)
    commits = json.loads(ended.out)["commits"]
    assert [one["subject"] for one in commits] == after[len(before) :]
    assert [(one["step"], one["server"]) for one in commits] == [
        ("Preflight", "runs"),
        ("Backup", "runs"),
        ("Stop", "stops"),
        ("Convert", "is down"),
        ("Start", "starts"),
        ("Analyze", "runs"),
        ("BackupAfter", "runs"),
        ("DropOld", "runs"),
        ("Done", "runs"),
    ]
    assert commits[3]["onFailure"].startswith("UpgradeFailed: the old data are as they were")
    assert "  4. upgrade 16 → 18, step 4 of 9: convert the data beside the old ones" in shown.out
    assert "     server      is down" in shown.out
    assert f"{NAME}: 18 is asked for; the server says that it is 18." in done.out
    assert "note: majorupgrade-2 Convert: " in done.err
    assert refused.code == 2
    assert "error: spec.version: '16' is older than the data on disk (18)" in refused.err
    assert "no commit follows" in again.out


def test_a_dry_run_shows_the_new_volume_of_a_dump_and_restore(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(version="16", upgrade={"strategy": "DumpRestore"})
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("upgrade", NAME, "--to", "18", "--dry-run", "-o", "json", *kubeconfig)
    assert ended.code == 0, ended.err
    commits = json.loads(ended.out)["commits"]
    assert [(one["step"], one["server"]) for one in commits] == [
        ("Preflight", "runs"),
        ("Backup", "runs"),
        ("Stop", "stops"),
        ("Move", "is down"),
        ("Start", "starts"),
        ("Analyze", "runs"),
        ("BackupAfter", "runs"),
        ("Done", "runs"),
    ]
    moved = [one for one in commits[3]["changes"] if one.startswith("PersistentVolumeClaim/")]
    assert [one[:35] for one in moved] == ["PersistentVolumeClaim/data-orders-r"]
    assert "PersistentVolumeClaim/data-orders-0" in commits[4]["changes"]
    assert not any("-PersistentVolumeClaim/data" in str(one["changes"]) for one in commits)


def test_a_minor_upgrade_restarts_the_server_once(line: Line, process: Run) -> None:
    """The laptop has one server of each major: it says 18.4 whatever the image's tag is."""
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(version="18.3")
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("upgrade", NAME, "--to", "18.4", "--dry-run", "-o", "yaml", *kubeconfig)
        unknown = process("upgrade", NAME, "--to", "99", *kubeconfig)
    commits = yaml.safe_load(ended.out)["commits"]
    assert [(one["step"], one["server"]) for one in commits] == [
        ("Check", "runs"),
        ("Roll", "restarts"),
        ("Verify", "runs"),
        ("Done", "runs"),
    ]
    assert "StatefulSet/orders" in commits[1]["changes"]
    assert unknown.code == 2
    assert "is not a version that the template pack postgresql serves" in unknown.err
    assert version(line) == "18.3"


def test_an_upgrade_that_can_not_work_ends_with_its_reason(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(version="16", parameters={"max_prepared_transactions": "2"})
        line.until(lambda: line.holds("Ready"), "Ready")
        line.laptop.psql(KEY, "BEGIN; SELECT txid_current(); PREPARE TRANSACTION 'held'")
        ended = process("upgrade", NAME, "--to", "18", "--wait", *kubeconfig)
    assert ended.code == 1
    assert "error: PreflightFailed: " in ended.err
    assert "prepared transactions, for example held" in ended.err


def test_the_edit_for_git_is_printed(process: Run) -> None:
    ended = process("upgrade", "orders", "-n", "team-a", "--to", "18", "--print")
    assert yaml.safe_load(ended.out)["spec"] == {"version": "18"}
