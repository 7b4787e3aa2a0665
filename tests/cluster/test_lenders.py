"""What a SampleDB of another namespace says of its backups, as the API has it."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.cluster import lenders
from renderer.core.layout import Key
from renderer.core.observed import Lender

ORDERS = Key(namespace="team-b", name="orders")


def sampledb(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "team-a", "name": "copy"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        pytest.param({}, None, id="no restore"),
        pytest.param({"restore": {"from": {"sampleDB": "orders"}}}, None, id="this namespace"),
        pytest.param(
            {"restore": {"from": {"sampleDB": "orders", "namespace": "team-a"}}}, None, id="named"
        ),
        pytest.param(
            {"restore": {"from": {"sampleDB": "orders", "namespace": "team-b"}}}, ORDERS, id="other"
        ),
        pytest.param({"restore": {"from": "orders"}}, None, id="not checked"),
    ],
)
def test_a_restore_names_another_namespace_or_none(spec: dict[str, Any], key: Key | None) -> None:
    assert lenders.named(sampledb(**spec)) == key


def test_what_it_says_is_read() -> None:
    s3 = {"bucket": "backups", "prefix": "prod", "endpoint": "https://s3"}
    backup = {"target": {"s3": s3}, "grants": [{"namespace": "team-a"}, {"namespace": "team-c"}]}
    assert lenders.lender(ORDERS, sampledb(backup=backup)) == Lender(
        key=ORDERS, store="s3://backups/prod", endpoint="https://s3", grants=("team-a", "team-c")
    )
    assert lenders.lender(ORDERS, sampledb(backup={"target": {"pvc": {}}})) == Lender(key=ORDERS)
    assert lenders.lender(ORDERS, None) is None
    assert lenders.grants(None) == ()
