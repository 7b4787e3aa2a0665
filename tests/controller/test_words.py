"""What of a status is written at once, and what may wait for more words."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.controller.words import only_words


def status(committed: str = "Pushed", **more: Any) -> dict[str, Any]:
    holds = "True" if committed == "Pushed" else "False"
    conditions = [{"type": "Committed", "status": holds, "reason": committed, "message": "…"}]
    conditions += [{"type": "Stalled", "status": "False", "reason": "Progressing"}]
    found = {
        "phase": "Provisioning",
        "conditions": conditions,
        "git": {"commit": "c1"},
        "operation": {"step": "Start"},
    }
    return found | more


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(status(message="waiting for the claim"), id="message"),
        pytest.param(status("Pending"), id="a-push-begins"),
        pytest.param(status("Pending", operation={"step": "Initialise"}), id="of-the-next-step"),
        pytest.param(status("Pending", phase="Configuring"), id="of-another-phase"),
    ],
)
def test_words_and_a_push_under_way_can_wait(after: dict[str, Any]) -> None:
    assert only_words(status(), after)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(status(git={"commit": "c2"}), id="commit"),
        pytest.param(status(operation={"step": "Initialise"}), id="step"),
        pytest.param(status(phase="Ready"), id="phase"),
        pytest.param(status("PushFailed"), id="push-failed"),
        pytest.param(status("Pending", git={"commit": "c2"}), id="a-commit-and-the-next-push"),
        pytest.param(status("Pending", observedGeneration=2), id="another-generation"),
        pytest.param(status(finalSnapshot={"id": "x"}), id="the-final-backup"),
    ],
)
def test_what_happened_is_written_at_once(after: dict[str, Any]) -> None:
    assert not only_words(status(), after)


def test_the_end_of_a_wait_for_a_push_is_written_at_once() -> None:
    assert not only_words(status("Pending"), status())
    assert only_words(status("Pending"), status("Pending", message="other words"))
