"""SampleDB as a resource: what kubectl prints, explains and refuses."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from e2e.deployed.shop import Shop

COLUMNS = ["NAME", "ENGINE", "VERSION", "READY", "PHASE", "COMMIT", "BACKUP", "AGE"]
WIDE = [*COLUMNS, "PATH", "DELIVERY", "MESSAGE"]


def test_get_prints_the_state_and_the_commit(shop: Shop, database: str) -> None:
    commit = shop.status(database)["git"]["commit"]
    head, *lines = shop.kubectl.run("get", "SampleDB", "-n", shop.team).splitlines()
    (line,) = (each for each in lines if each.startswith(f"{database} "))
    assert head.split() == COLUMNS
    shown = dict(zip(COLUMNS, line.split(), strict=False))
    assert (shown["ENGINE"], shown["READY"], shown["PHASE"]) == ("postgresql", "True", "Ready")
    assert shown["COMMIT"] == commit[:8]
    assert shop.handover.bare.git("cat-file", "-t", shown["COMMIT"]) == "commit"


def test_get_wide_adds_where_it_is_and_what_is_said(shop: Shop, database: str) -> None:
    shop.handover.applied(database)
    head, line = shop.kubectl.run(
        "get", "sdb", database, "-n", shop.team, "-o", "wide"
    ).splitlines()
    assert head.split() == WIDE
    assert shop.handover.directory(database) in line
    assert "Applied" in line
    assert "is ready and everything in Git is applied" in line


@pytest.mark.parametrize("field", ["spec.storage", "spec.backup.target.pvc.size", "status.git"])
def test_explain_tells_every_field(shop: Shop, field: str) -> None:
    said = shop.kubectl.run("explain", f"sampledb.{field}")
    assert "GROUP:      sampledb.dev" in said
    told = said.partition("DESCRIPTION:")[2].split()
    assert told
    assert told[0] != "<empty>"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"storage": {"size": "1Mi"}}, "spec.storage", id="shrink"),
        pytest.param({"engine": "mysql"}, "spec.engine", id="engine"),
        pytest.param({"version": "sixteen"}, "spec.version", id="version"),
        pytest.param({"parameters": {"max_connections": 9}}, "max_connections", id="number"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(
    shop: Shop, database: str, change: dict[str, Any], field: str
) -> None:
    before = shop.handover.get(database)["metadata"]["generation"]
    with pytest.raises(subprocess.CalledProcessError) as refused:
        shop.change(database, **change)
    assert field in refused.value.__notes__[0]
    assert shop.handover.get(database)["metadata"]["generation"] == before
