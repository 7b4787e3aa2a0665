"""What the status tells of the applier: Argo CD, Flux, or nobody."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.core.conditions import clip
from renderer.core.observed import Delivery, DeliveryState


def shown(
    said: Delivery | None, previous: Mapping[str, object], commit: str, *, complete: bool
) -> dict[str, object]:
    """`status.delivery`.

    Args:
        said: what the applier says now; None or the tool `none` when there is none.
        previous: the status as it was read.
        commit: the last commit of this SampleDB's directory.
        complete: whether every child carries the stamp of that commit.
    """
    if said is None or said.tool == "none":
        state = DeliveryState.APPLIED if complete else DeliveryState.PENDING
        return {"tool": "none", "state": state.value}
    told = {
        "tool": said.tool,
        "name": said.name,
        "revision": said.revision,
        "state": said.state.value,
        "message": clip(said.message),
    }
    found: dict[str, object] = {key: value for key, value in told.items() if value}
    at_rest = complete and (said.under_way or said.state is DeliveryState.APPLIED)
    return (_proved(found, previous, commit) if at_rest else None) or found


def _proved(
    found: Mapping[str, object], previous: Mapping[str, object], commit: str
) -> dict[str, object] | None:
    """What was told of this commit when it was applied: others' commits change nothing of it.

    Without this each commit of anybody on the branch would be two writes for each SampleDB.
    """
    before, git = previous.get("delivery"), previous.get("git")
    if not isinstance(before, Mapping) or not isinstance(git, Mapping):
        return None
    same = all(before.get(key) == found.get(key) for key in ("tool", "name"))
    if same and before.get("state") == DeliveryState.APPLIED.value and git.get("commit") == commit:
        return dict(before)
    return None
