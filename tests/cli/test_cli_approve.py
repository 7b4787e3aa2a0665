"""`sampledb approve`, against a laptop cluster."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from command_line import Run
from laptop_line import Line

from renderer.core.layout import APPROVE_ANNOTATION, Key

KEY = Key(namespace="team-a", name="orders")
NAME = "team-a/orders"
STEP = "minorupgrade-2/Roll/18.4-1a2b3c4d"
WAITS = {"approval": STEP, "message": "next: the Pod"}


def annotations(line: Line) -> dict[str, str]:
    found: dict[str, str] = (line.get() or {})["metadata"].get("annotations", {})
    return found


@pytest.mark.parametrize(
    "asked", [["--step", STEP], ["--step", "Roll"], ["--yes"]], ids=["whole", "step", "yes"]
)
def test_the_approval_names_the_operation_and_the_step(
    asked: list[str], still: Line, sampledb: Run
) -> None:
    still.create()
    still.say(WAITS)
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    edit = yaml.safe_load(sampledb("approve", NAME, *asked, "--print", *kubeconfig).out)
    assert annotations(still) == {}
    ended = sampledb("approve", NAME, *asked, *kubeconfig)
    assert ended.code == 0, ended.err
    assert ended.out == f"{NAME}: {STEP} is approved\n"
    assert "note: next: the Pod" in ended.err
    assert annotations(still) == edit["metadata"]["annotations"] == {APPROVE_ANNOTATION: STEP}
    assert "spec" not in edit
    assert "says so already" in sampledb("approve", NAME, *kubeconfig).err


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        pytest.param(
            ["--step", "minorupgrade-1/Roll"],
            WAITS,
            f"--step: is not what waits for an approval (got 'minorupgrade-1/Roll'); it is {STEP}",
            id="another operation",
        ),
        pytest.param(["--step", "Stop"], WAITS, "--step: is not what waits", id="another step"),
        pytest.param(["--yes"], {}, "status.approval: nothing waits for an approval", id="nothing"),
    ],
)
def test_what_does_not_wait_can_not_be_approved(
    asked: list[str], status: dict[str, Any], message: str, still: Line, sampledb: Run
) -> None:
    still.create()
    still.say(status)
    ended = sampledb("approve", NAME, *asked, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 2
    assert f"error: {message}" in ended.err
    assert annotations(still) == {}


def test_nobody_approves_by_silence(still: Line, process: Run) -> None:
    still.create()
    still.say(WAITS)
    ended = process("approve", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 4
    assert "nothing was done: a person must say so" in ended.err
    assert annotations(still) == {}


def test_the_approval_for_git_is_printed_and_needs_no_cluster(process: Run) -> None:
    printed = yaml.safe_load(process("approve", NAME, "--step", STEP, "--print").out)
    assert printed["metadata"]["annotations"] == {APPROVE_ANNOTATION: STEP}


def test_status_and_doctor_say_what_is_waited_for(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create(version="18.3", upgrade={"approval": "Manual"})
        line.until(lambda: line.holds("Ready"), "Ready")
        foretold = process("upgrade", NAME, "--to", "18.4", "--dry-run", *kubeconfig)
        line.edit(lambda db: db["spec"].update(version="18.4"))
        line.until(lambda: "approve" in line.message("Ready"), "the approval that is waited for")
        doctor = process("doctor", NAME, *kubeconfig)
        shown = process("status", NAME, *kubeconfig)
        planned = process("plan", NAME, *kubeconfig)
        step = (line.get() or {})["status"]["approval"]
        reasons = [event.get("reason") for event in line.laptop.objects.list("events")]
    assert "     needs       a person's approval" in foretold.out
    assert "downtime: while the Pod is replaced, in commit 3; nothing was measured" in foretold.out
    assert "Ready ApprovalNeeded" in doctor.out
    assert f"approve {NAME} --step {step}" in doctor.out
    assert ["To", "approve", step] in [row.split() for row in shown.out.splitlines()]
    assert "What to do\n  minorupgrade-2 (18.3 → 18.4) waits for a person" in shown.out
    assert f"--step {step}" in planned.out
    assert step.startswith("minorupgrade-2/Roll/18.4")
    assert reasons.count("ApprovalNeeded") == 1
