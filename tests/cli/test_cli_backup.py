"""`sampledb backup`, as a process, against a laptop cluster."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from api_client import APPLY, Api
from command_line import Run
from laptop_line import SAMPLEDBS, Line

from renderer.cli.asking import How, ask
from renderer.cluster.client import Cluster
from renderer.cluster.failure import ConflictError
from renderer.core.layout import Key
from renderer.local.api.faults import Fault

KEY = Key(namespace="team-a", name="orders")
BACKUP = {"target": {"pvc": {"size": "1Gi"}}}
NAME = "team-a/orders"


def requested(line: Line) -> Any:
    return (line.get() or {})["spec"]["backup"].get("requestedAt")


def test_a_backup_is_asked_for_and_its_proof_is_shown(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(backup={**BACKUP, "verify": "Restore"})
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("backup", NAME, "--wait", "-o", "json", *kubeconfig)
        assert ended.code == 0, ended.err
        again = process("backup", NAME, "--wait", *kubeconfig)
        assert again.code == 0, again.err
    proof = json.loads(ended.out)
    assert proof["sampledb"] == NAME
    assert re.fullmatch(r"[0-9a-f]{64}", proof["sha256"])
    assert proof["size"] > 0
    assert proof["verify"] == "Restore"
    assert "note: backup-2 Backup: " in ended.err
    assert f"id            {proof['id']}" not in again.out
    assert "sha256" in again.out
    history = (line.get() or {})["status"]["history"]
    assert [item["type"] for item in history] == ["Backup", "Backup", "Provision"]


def test_a_backup_that_fails_ends_with_its_reason(line: Line, process: Run) -> None:
    with line.controller():
        line.create(backup=BACKUP)
        line.until(lambda: line.holds("Ready"), "Ready")
        line.laptop.psql(KEY, "ALTER ROLE postgres NOLOGIN", superuser=True)
        ended = process("backup", NAME, "--wait", "--kubeconfig", line.laptop.kubeconfig)
    assert ended.code == 1
    assert "error: BackupFailed: Job orders-backup-now-" in ended.err


def test_the_edit_for_git_is_printed_and_needs_no_cluster(process: Run) -> None:
    ended = process("backup", NAME, "--print")
    assert (ended.code, ended.err) == (0, "")
    edit = yaml.safe_load(ended.out)
    assert edit["metadata"] == {"namespace": "team-a", "name": "orders"}
    assert list(edit["spec"]["backup"]) == ["requestedAt"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({}, "spec.backup.target: there is no place for backups", id="no target"),
        pytest.param({"backup": BACKUP, "hibernate": True}, "spec.hibernate", id="asleep"),
        pytest.param({"backup": BACKUP, "paused": True}, "spec.paused", id="paused"),
    ],
)
def test_a_backup_that_can_not_be_taken_is_refused(
    spec: dict[str, Any], message: str, still: Line, sampledb: Run
) -> None:
    still.create(**spec)
    ended = sampledb("backup", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 2
    assert f"error: {message}" in ended.err
    assert not (still.get() or {})["spec"].get("backup", {}).get("requestedAt")


def apply(line: Line, backup: dict[str, Any]) -> None:
    """Apply the SampleDB as Flux does."""
    document = {
        "apiVersion": "sampledb.dev/v1",
        "kind": "SampleDB",
        "metadata": {"namespace": "team-a", "name": "orders"},
        "spec": {
            "engine": "postgresql",
            "version": "18",
            "storage": {"size": "1Gi"},
            "backup": backup,
        },
    }
    path = "/apis/sampledb.dev/v1/namespaces/team-a/sampledbs/orders"
    api = Api(line.laptop.server.url, line.laptop.server.token)
    made = api.patch(path, document, kind=APPLY, fieldManager="kustomize-controller")
    assert made.code in {200, 201}
    api.close()


def test_what_the_applier_owns_is_edited_in_git(still: Line, sampledb: Run) -> None:
    apply(still, {**BACKUP, "requestedAt": "monday"})
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    ended = sampledb("backup", NAME, *kubeconfig)
    assert ended.code == 4
    assert "spec.backup.requestedAt: kustomize-controller applies it from Git" in ended.err
    assert requested(still) == "monday"
    assert sampledb("backup", NAME, "--force", *kubeconfig).code == 0
    assert requested(still) != "monday"


def test_what_is_not_in_git_can_be_asked_for_and_stays(still: Line, sampledb: Run) -> None:
    apply(still, BACKUP)
    ended = sampledb("backup", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 0, ended.err
    asked = requested(still)
    apply(still, BACKUP)
    assert asked
    assert requested(still) == asked


def test_a_spec_that_changed_meanwhile_is_left_alone(still: Line) -> None:
    still.create(backup=BACKUP)
    seen = still.get() or {}
    still.edit(lambda db: db["spec"].update(parameters={"work_mem": "8MB"}))
    cluster = Cluster.at(still.laptop.server.url, token=still.laptop.server.token)
    how = How(show=False, force=False, wait=False, limit=1)
    with pytest.raises(ConflictError, match="look again and retry"):
        ask(cluster, seen, {"backup": {"requestedAt": "monday"}}, how)
    cluster.close()
    assert not requested(still)


def test_a_status_that_is_written_meanwhile_is_no_conflict(still: Line, sampledb: Run) -> None:
    still.create(backup=BACKUP)
    fault = Fault(verb="patch", resource=SAMPLEDBS, code=409)
    still.laptop.server.faults.add(fault)
    ended = sampledb("backup", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 0
    assert requested(still)


def test_waiting_ends_when_its_time_is_over(still: Line, sampledb: Run) -> None:
    still.create(backup=BACKUP)
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    ended = sampledb("backup", NAME, "--wait", "--wait-limit", "0.1", *kubeconfig)
    assert ended.code == 1
    assert "not done after 0.1 s: the controller has not seen it yet" in ended.err


def test_a_snapshot_needs_no_place_and_its_content_is_the_proof(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(backup={"method": "VolumeSnapshot"})
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("backup", NAME, "--wait", "-o", "json", *kubeconfig)
        assert ended.code == 0, ended.err
        proof = json.loads(ended.out)
        asked = ("restore", NAME, "--snapshot", proof["id"], "--id", "monday", "--dry-run")
        rehearsed = process(*asked, "-o", "json", *kubeconfig)
        other = process("restore", NAME, "--snapshot", "another", "--dry-run", *kubeconfig)
    assert proof["snapshot"].startswith("snapcontent-")
    assert proof["size"] == 2**30
    steps = [one["step"] for one in json.loads(rehearsed.out)["commits"]]
    assert steps == ["Restore", "Stop", "Swap", "Verify", "Done"]
    assert other.code != 0
    assert "there is no such VolumeSnapshot in the namespace team-a" in other.err
