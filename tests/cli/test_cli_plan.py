"""`sampledb plan` and `sampledb history`, as processes, against a laptop cluster."""

from __future__ import annotations

import json
from typing import Any

import yaml
from command_line import Run
from laptop_line import PATH, Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
NAME = str(KEY)


def test_a_new_sampledb_is_planned_whole(still: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    still.create()
    shown = planned(process, *kubeconfig)
    assert [one["subject"] for one in shown["commits"]] == [
        "provision, step 1 of 3: start the server",
        "provision, step 2 of 3: initialise the database",
        "provision, step 3 of 3: initialised; remove the Job",
    ]
    assert (shown["inGit"], shown["waitsFor"]) == (None, "")
    with still.controller():
        still.until(lambda: still.holds("Committed"), "Committed")
        waiting = planned(process, *kubeconfig, *in_git(still))
        text = process("plan", NAME, *kubeconfig, *in_git(still))
    assert waiting["inGit"]["subject"] == "provision, step 1 of 3: start the server"
    assert waiting["reason"] == "NotApplied"
    assert len(waiting["commits"]) == 2
    assert text.code == 0
    assert "waits for          waiting for the applier: ConfigMap/orders-config" in text.out
    assert (
        "next commit        when the claim is bound and a Pod of this template is ready: "
        "provision, step 2 of 3: initialise the database"
    ) in text.out


def test_what_rests_has_no_next_commit_until_the_spec_changes(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
    rests = [planned(process, *kubeconfig, *more) for more in ((), in_git(line))]
    commits = line.subjects()
    line.edit(lambda db: db["spec"].update(parameters={"work_mem": "8MB"}))
    edited = [planned(process, *kubeconfig, *more) for more in ((), in_git(line))]
    text = process("plan", NAME, *kubeconfig)
    history = process("history", NAME, *kubeconfig)
    listed = process("history", NAME, "-o", "yaml", *kubeconfig)
    assert [shown["commits"] for shown in rests] == [[], []]
    assert rests[0]["record"] == "ConfigMap team-a/orders-record"
    for shown in edited:
        assert [one["subject"] for one in shown["commits"]] == [
            "configure, step 1 of 3: try the changed configuration",
            "configure, step 2 of 3: reload the configuration, without a restart",
            "configure, step 3 of 3: the changed spec is in force",
        ]
        assert [one["server"] for one in shown["commits"]] == ["runs", "runs", "runs"]
        assert shown["commits"][1]["needs"].startswith("the server's word that no changed")
        assert "ConfigMap/orders-config" not in shown["commits"][0]["changes"]
        assert "ConfigMap/orders-config" in shown["commits"][1]["changes"]
    assert (
        "next commit        now: configure, step 1 of 3: try the changed configuration" in text.out
    )
    assert line.subjects() == commits
    head, row = history.out.splitlines()
    assert head.split() == ["OPERATION", "TYPE", "RESULT", "COMMIT", "ENDED", "DOWNTIME"]
    tip = line.git.run("rev-parse", "main").text
    (operation,) = yaml.safe_load(listed.out)["operations"]
    ended = operation["endedAt"]
    assert row.split() == ["provision-1", "Provision", "Succeeded", tip[:8], ended]
    assert operation["startedAt"] <= ended
    assert (operation["id"], operation["commit"]) == ("provision-1", tip)


def test_the_operation_under_way_is_in_the_history(still: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    still.create()
    empty = process("history", NAME, *kubeconfig)
    with still.controller():
        still.until(lambda: ((still.get() or {}).get("status") or {}).get("operation"), "it begun")
        ended = process("history", NAME, *kubeconfig)
    assert empty.err == "note: nothing has been done yet\n"
    assert "provision-1   Provision   at step Start" in ended.out


def in_git(line: Line) -> tuple[Any, ...]:
    return ("--repository", line.laptop.repository, "--path", PATH)


def planned(process: Run, *arguments: Any) -> dict[str, Any]:
    ended = process("plan", NAME, "-o", "json", *arguments)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found
