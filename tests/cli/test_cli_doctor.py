"""`sampledb doctor`, as a process and in tables, against a laptop cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from command_line import Run
from laptop_line import SAMPLEDBS, Line

NAME = "team-a/orders"
SINCE = "2026-01-01T00:00:00Z"
Write = Callable[..., None]


def test_a_healthy_sampledb_is_healthy(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    line.create(version="18.3")
    silent = process("doctor", NAME, "-o", "json", *kubeconfig)
    with line.controller():
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("doctor", NAME, *kubeconfig)
    assert (ended.code, ended.out) == (0, f"{NAME} is healthy: Ready\n")
    assert ended.err.startswith("note: spec.version asks for 18.3; 18.4 is there")
    assert silent.code == 1
    (finding,) = json.loads(silent.out)["findings"]
    assert (finding["reason"], finding["says"]) == ("NotSeen", "no status yet")
    assert "the controller is not there" in finding["means"]


def test_what_stands_in_the_way_is_explained(still: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    hook = still.protect()
    still.create()
    with still.controller():
        still.until(lambda: "protected" in still.message("Committed"), "the refusal")
        refused = process("doctor", NAME, *kubeconfig)
        hook.unlink()
        still.until(lambda: still.holds("Committed"), "Committed")
        waiting = process("doctor", NAME, "-o", "yaml", *kubeconfig)
    assert refused.code == 1
    assert "\nCommitted PushFailed, for " in refused.out
    assert f"  object  {still.laptop.repository} main\n" in refused.out
    assert "branch main is protected" in refused.out
    assert "  words   Git\n" in refused.out
    assert "  do      the message has Git's own words: credentials" in refused.out
    (finding,) = yaml.safe_load(waiting.out)["findings"]
    assert (finding["condition"], finding["reason"]) == ("Applied", "Waiting")
    assert finding["object"] == "ConfigMap/orders-config"


@pytest.fixture
def write(still: Line) -> Write:
    """Write a status in which each given condition is as it is said, and the others are well."""

    def put(*wrong: tuple[str, str, str, str], **more: Any) -> None:
        names = ("type", "status", "reason", "message", "lastTransitionTime")
        conditions = [dict(zip(names, (*one, SINCE), strict=True)) for one in wrong]
        still.create()
        found = still.get() or {}
        status = {"observedGeneration": found["metadata"]["generation"], "conditions": conditions}

        def change(live: dict[str, Any]) -> None:
            live["status"] = {**status, **more}

        assert still.laptop.objects.change(SAMPLEDBS, found, change, status=True)

    return put


@pytest.mark.parametrize(
    ("said", "which", "words"),
    [
        pytest.param(
            (
                "Stalled",
                "InitFailed",
                "Job orders-init-1a2b: ERROR: division by zero; mend spec.init",
            ),
            "Job/orders-init-1a2b",
            "the Job's container",
            id="a Job",
        ),
        pytest.param(
            ("Stalled", "PodFailed", "Pod orders-0 isn't ready: ErrImagePull: not found"),
            "Pod/orders-0",
            "the kubelet, of the server's Pod",
            id="a Pod",
        ),
        pytest.param(
            ("Stalled", "ClaimLost", "PersistentVolumeClaim data-orders-0 has lost its volume"),
            "PersistentVolumeClaim/data-orders-0",
            "the storage, of the data claim",
            id="a claim",
        ),
        pytest.param(
            (
                "Stalled",
                "DowngradeRefused",
                "spec.version: '16' is older than the data on disk (18)",
            ),
            "SampleDB/orders spec.version",
            "sampledb-renderer",
            id="a field",
        ),
        pytest.param(
            (
                "DeletionBlocked",
                "RecordMissing",
                "orders still runs, but its directory isn't in Git",
            ),
            "clusters/test/databases/team-a/orders/record.yaml",
            "the record in Git",
            id="the record",
        ),
        pytest.param(
            ("Stalled", "NeverHeardOf", "words"), "SampleDB/orders", "sampledb-renderer", id="new"
        ),
    ],
)
def test_each_object_is_named(
    said: tuple[str, str, str], which: str, words: str, write: Write, still: Line, sampledb: Run
) -> None:
    kind, reason, message = said
    git = {"path": "clusters/test/databases/team-a/orders"}
    write((kind, "True", reason, message), ("Ready", "False", reason, message), git=git)
    ended = sampledb("doctor", NAME, "-o", "json", "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 1
    (finding,) = json.loads(ended.out)["findings"]
    assert (finding["object"], finding["words"]) == (which, words)
    assert (finding["since"], finding["says"]) == (SINCE, message)


def test_a_failed_backup_of_a_ready_server_is_told(
    write: Write, still: Line, sampledb: Run
) -> None:
    failed = "orders-backup-29: pg_dump: no space left"
    write(("Ready", "True", "Ready", "well"), ("BackedUp", "False", "BackupFailed", failed))
    ended = sampledb("doctor", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 1
    assert "\nBackedUp BackupFailed, for " in ended.out
    assert "  object  Job/orders-backup-29\n" in ended.out


def test_clocks_that_are_apart_are_told_although_all_is_well(
    write: Write, still: Line, sampledb: Run
) -> None:
    far = "the clock of this controller's node is 3:00:00 behind the API server's"
    write(("Ready", "True", "Ready", "well"), ("ClockSkew", "True", "ClocksDiffer", far))
    ended = sampledb("doctor", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 1
    assert f"  says    {far}\n" in ended.out
    assert "set the clock that is wrong (NTP" in ended.out


def test_the_appliers_object_is_named(write: Write, still: Line, sampledb: Run) -> None:
    write(
        ("Applied", "False", "ApplyFailed", "argocd team-a.orders: no"),
        ("Ready", "False", "NotApplied", "waiting for the applier: ConfigMap/orders-config"),
        delivery={"tool": "argocd", "name": "team-a.orders", "state": "Failed"},
    )
    ended = sampledb("doctor", NAME, "-o", "json", "--kubeconfig", still.laptop.kubeconfig)
    (finding,) = json.loads(ended.out)["findings"]
    assert finding["object"] == "Application/team-a.orders"
