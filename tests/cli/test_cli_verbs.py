"""`sampledb hibernate`, `wake` and `resize`, as processes, against a laptop cluster."""

from __future__ import annotations

import pytest
import yaml
from command_line import Run
from laptop_line import Line

from renderer.local.objects import PODS

NAME = "team-a/orders"


def test_a_server_sleeps_grows_and_wakes(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        slept = process("hibernate", NAME, "--wait", *kubeconfig)
        pods = line.laptop.objects.list(PODS, "team-a")
        again = process("hibernate", NAME, "--wait", *kubeconfig)
        woken = process("wake", NAME, "--wait", *kubeconfig)
        grown = process("resize", NAME, "--size", "2Gi", "--wait", *kubeconfig)
        shrunk = process("resize", NAME, "--size", "1Gi", *kubeconfig)
    assert (slept.code, slept.out) == (
        0,
        f"{NAME}: the server is stopped; the volumes are kept\n",
    )
    assert [pod for pod in pods if pod["metadata"]["name"] == "orders-0"] == []
    assert again.err == "note: the SampleDB says so already\n"
    assert (woken.code, "is ready" in woken.out) == (0, True)
    assert (grown.code, grown.out) == (0, f"{NAME}: 2Gi is asked for; the volume has 2Gi\n")
    assert shrunk.code == 2
    assert shrunk.err.startswith("error: spec.storage")
    types = [item["type"] for item in (line.get() or {})["status"]["history"]]
    assert types == ["Resize", "Wake", "Hibernate", "Provision"]


@pytest.mark.parametrize(
    ("arguments", "spec"),
    [
        pytest.param(["hibernate", NAME], {"hibernate": True}, id="hibernate"),
        pytest.param(["wake", NAME], {"hibernate": False}, id="wake"),
        pytest.param(["resize", NAME, "--size", "2Gi"], {"storage": {"size": "2Gi"}}, id="resize"),
    ],
)
def test_the_edit_for_git_is_printed(
    arguments: list[str], spec: dict[str, object], sampledb: Run
) -> None:
    ended = sampledb(*arguments, "--print")
    assert ended.code == 0
    assert yaml.safe_load(ended.out)["spec"] == spec


def test_without_waiting_only_the_spec_is_edited(still: Line, sampledb: Run) -> None:
    still.create()
    ended = sampledb("hibernate", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert (ended.code, ended.out) == (0, f"{NAME}: the controller is told\n")
    assert (still.get() or {})["spec"]["hibernate"] is True
