"""What is known of a change between its submission and its outcome."""

from __future__ import annotations

from collections.abc import Sequence

from renderer.controller.publisher import Pace, Publisher
from renderer.core.layout import Key
from renderer.git.change import Change, Committed, Outcome

KEY = Key(namespace="team-a", name="orders")
CHANGE = Change(
    key=str(KEY),
    directory="databases/team-a/orders",
    files={},
    beside={},
    based_on=None,
    subject="configure",
    body="",
    trailers=(),
)


def test_a_change_is_under_way_from_its_submission_until_its_outcome_is_told() -> None:
    seen: list[bool] = []

    def publish(_changes: Sequence[Change]) -> Sequence[Outcome]:
        seen.append(publisher.under_way(KEY))
        return [Committed(commit="a" * 40)]

    def told(_key: Key, _change: Change, _outcome: Outcome) -> None:
        seen.append(publisher.under_way(KEY))

    publisher = Publisher(publish, told, Pace(gather=0.0), lambda: True)
    publisher.submit(KEY, CHANGE)
    assert publisher.under_way(KEY)
    publisher.start()
    while publisher.under_way(KEY):
        pass
    assert publisher.stop()
    assert seen == [True, True]
