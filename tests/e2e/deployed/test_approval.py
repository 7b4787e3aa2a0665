"""An upgrade that waits for a person, and moves the data to a volume of their own."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.deployed.shop import Shop

from renderer.core.layout import APPROVE_ANNOTATION, CONFIRM_ANNOTATION

NAME = "moved"
ROWS = "SELECT n, 'item ' || n AS words FROM generate_series(1, 1000) AS n"
SPEC: dict[str, Any] = {
    "version": "15.5",
    "init": {"sql": [f"CREATE TABLE items AS {ROWS}"]},
    "backup": {"target": {"pvc": {"size": "1Gi"}}},
    "upgrade": {"strategy": "DumpRestore", "approval": "Manual"},
    "deletion": {"policy": "Delete", "confirm": True},
}
SUM = "SELECT count(*), md5(string_agg(words, ',' ORDER BY n)) FROM items"
OLD = f"data-{NAME}-0"


@pytest.mark.parametrize("handover", ["flux"], indirect=True)
def test_an_upgrade_waits_for_its_approval_and_the_old_volume_for_a_word(shop: Shop) -> None:
    shop.handover.create(NAME, **SPEC)
    shop.settled(NAME)
    before = _ask(shop, SUM)
    assert before.startswith("1000|")

    shop.change(NAME, version="18")
    step = str(shop.until(lambda: shop.status(NAME).get("approval"), "what waits for a person"))
    assert "/Stop/18.4-" in step
    assert _reasons(shop) & {"ApprovalNeeded"}
    assert _ask(shop, "SHOW server_version").startswith("15.5")
    _annotate(shop, APPROVE_ANNOTATION, step)
    shop.until(lambda: "DumpRestoreUpgrade" in shop.history(NAME), "the upgrade")

    status = shop.settled(NAME)
    assert _ask(shop, "SHOW server_version").startswith("18.4")
    assert _ask(shop, SUM) == before
    versions = {"desired": "18", "running": "18.4", "data": "18"}
    assert status["engineVersion"].items() >= versions.items()
    assert status["storage"]["previousClaim"] == OLD
    assert shop.kubectl.get("pvc", OLD, shop.team)

    _annotate(shop, CONFIRM_ANNOTATION, status["storage"]["replacedBy"])
    shop.until(lambda: not shop.kubectl.get("pvc", OLD, shop.team), "the end of the old claim")
    shop.settled(NAME)
    assert _ask(shop, SUM) == before

    shop.handover.delete(NAME)


def _annotate(shop: Shop, name: str, value: str) -> None:
    word = {"metadata": {"annotations": {name: value}}}
    shop.kubectl.patch("sampledb", NAME, shop.team, word)


def _reasons(shop: Shop) -> set[str]:
    return {each["reason"] for each in shop.status(NAME)["conditions"]}


def _ask(shop: Shop, statement: str) -> str:
    return shop.as_superuser(NAME, statement, database="app")
