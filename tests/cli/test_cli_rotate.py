"""`sampledb rotate`, as a process, against a laptop cluster."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from command_line import Run
from laptop_line import Line

from renderer.core.errors import TransientError
from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
NAME = "team-a/orders"


def test_the_new_secret_is_named_and_lets_in(line: Line, process: Run) -> None:
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        ended = process("rotate", NAME, "--wait", "--kubeconfig", line.laptop.kubeconfig)
        assert ended.code == 0, ended.err
        secret = (line.get() or {})["status"]["binding"]["name"]
        assert line.laptop.psql(KEY, "SELECT 1", secret=secret) == [("1",)]
        with pytest.raises(TransientError, match="password authentication failed"):
            line.laptop.psql(KEY, "SELECT 1", secret="orders-credentials")
    assert re.search("note: rotate-2 (Rotate|Switch): ", ended.err), "a step of its own"
    assert ended.out == (
        f"{NAME}: the new passwords are in Secret {secret}; "
        "those in orders-credentials let nobody in any more\n"
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"credentials": {"source": "Existing", "secretName": "mine"}},
            "spec.credentials.source: the passwords are in a Secret of your own, which only you "
            "can make anew (got 'Existing'); make another Secret and name it in "
            "spec.credentials.secretName",
            id="a Secret of one's own",
        ),
        pytest.param({"hibernate": True}, "spec.hibernate: is true: ", id="asleep"),
        pytest.param({"paused": True}, "spec.paused: is true", id="paused"),
    ],
)
def test_a_rotation_that_can_not_be_made_is_refused(
    spec: dict[str, Any], message: str, still: Line, sampledb: Run
) -> None:
    still.create(**spec)
    ended = sampledb("rotate", NAME, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 2
    assert f"error: {message}" in ended.err
    credentials = (still.get() or {})["spec"].get("credentials", {})
    assert not credentials.get("rotation", {}).get("requestedAt")


def test_the_edit_for_git_is_printed_and_needs_no_cluster(process: Run) -> None:
    ended = process("rotate", NAME, "--print")
    assert list(yaml.safe_load(ended.out)["spec"]["credentials"]["rotation"]) == ["requestedAt"]
