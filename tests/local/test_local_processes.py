from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Lab


def test_a_pod_that_exits_zero_has_succeeded_with_its_termination_message(lab: Lab) -> None:
    lab.pod(
        "one",
        'echo out; echo "{\\"id\\": 1}" > "$TERMINATION_LOG"',
        container={
            "env": [{"name": "TERMINATION_LOG", "value": "/dev/termination-log"}],
        },
    )
    ended = lab.ended("one")
    assert ended["exitCode"] == 0
    assert ended["reason"] == "Completed"
    assert ended["message"] == '{"id": 1}\n'
    assert lab.node.log("team-a", "one") == "out\n"
