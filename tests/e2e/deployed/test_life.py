"""A database's life: ordered, used, changed, backed up; each step a commit that is applied."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from e2e.deployed.shop import Shop
from e2e.deployed.watching import Watch

ORDER = ("Rendered", "Committed", "Applied", "Ready")


def test_a_new_sampledb_becomes_objects_through_commits(shop: Shop, database: str) -> None:
    subjects = shop.subjects(database)
    assert subjects[:3] == [
        "provision, step 1 of 3: start the server",
        "provision, step 2 of 3: initialise the database",
        "provision, step 3 of 3: initialised; remove the Job",
    ]
    live = shop.handover.children(database)
    claim = live[f"PersistentVolumeClaim/data-{database}-0"]
    assert claim["status"]["phase"] == "Bound"
    assert {f"StatefulSet/{database}", f"Service/{database}"} <= live.keys()
    for child in live.values():
        assert "sampledb.dev/content-hash" in child["metadata"]["annotations"]
        writers = {each["manager"] for each in child["metadata"]["managedFields"]}
        assert not any("sampledb" in writer for writer in writers)
    status = shop.status(database)
    assert [(past["type"], past["result"]) for past in status["history"]] == [
        ("Provision", "Succeeded")
    ]
    versions = {"desired": "16.11", "running": "16.11", "data": "16"}
    assert status["engineVersion"].items() >= versions.items()


def test_each_condition_is_false_before_it_is_true(shop: Shop, database: str, watch: Watch) -> None:
    assert shop.holds(database, "Ready")
    first = {}
    for kind in ORDER:
        seen = watch.conditions(database, kind)
        assert "False" in seen[: seen.index("True")], kind
        first[kind] = seen.index("True")
    assert [first[kind] for kind in ORDER] == sorted(first.values())
    assert first["Committed"] < first["Applied"] <= first["Ready"]


def test_another_pod_connects_by_the_service_with_the_secret(shop: Shop, database: str) -> None:
    assert shop.query(database, "SELECT words FROM greetings") == "Hello from Git"
    assert shop.query(database, "SELECT current_user") == "shop"
    endpoint = shop.status(database)["endpoint"]
    details = shop.kubectl.get("configmap", f"{database}-connection", shop.team) or {}
    assert details["data"] == {
        "PGHOST": f"{database}.{shop.team}.svc",
        "PGPORT": "5432",
        "PGDATABASE": "shop",
        "PGUSER": "shop",
    }
    assert endpoint["host"] == details["data"]["PGHOST"]
    secret = shop.kubectl.get("secret", endpoint["secretName"], shop.team) or {}
    assert {"host", "port", "database", "username", "password", "uri"} <= secret["data"].keys()


def test_an_edited_spec_is_a_commit_and_comes_into_force(
    shop: Shop, database: str, tmp_path: Path
) -> None:
    assert shop.query(database, "SHOW max_connections") == "50"
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/max_connections: "50"/max_connections: "75"/\' $1\n')
    editor.chmod(0o755)
    before = shop.subjects(database)

    command = [shop.kubectl.program, "--kubeconfig", str(shop.kubectl.kubeconfig)]
    command += ["edit", f"SampleDB/{database}", "-n", shop.team]
    subprocess.run(
        command, env={**os.environ, "EDITOR": str(editor)}, check=True, capture_output=True
    )
    shop.settled(database)

    assert shop.query(database, "SHOW max_connections") == "75"
    assert shop.subjects(database)[len(before) :] == [
        "configure, step 1 of 3: try the changed configuration",
        "configure with a restart for max_connections, step 2 of 3: apply the changed spec",
        "configure with a restart for max_connections, step 3 of 3: the changed spec is in force",
    ]
    rendered = shop.handover.bare.show(f"{shop.handover.directory(database)}/configmap.yaml")
    assert "max_connections = '75'" in rendered


def test_an_evicted_server_comes_back_with_its_rows(shop: Shop, database: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _evict(shop, database)
    assert any("disruption budget" in note for note in refused.value.__notes__)
    shop.change(database, disruption={"podDisruptionBudget": False})
    shop.settled(database)
    budget = f"PodDisruptionBudget/{database}"
    shop.until(lambda: budget not in shop.handover.children(database), "no budget")
    before = _pod(shop, database)

    _evict(shop, database)
    shop.until(lambda: _pod(shop, database) not in {"", before}, "another Pod")

    shop.until(lambda: shop.holds(database, "Ready"), "Ready again")
    assert shop.query(database, "SELECT words FROM greetings") == "Hello from Git"


def _evict(shop: Shop, name: str) -> None:
    """As `kubectl drain` does."""
    metadata = {"name": f"{name}-0", "namespace": shop.team}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    path = f"/api/v1/namespaces/{shop.team}/pods/{name}-0/eviction"
    shop.kubectl.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def _pod(shop: Shop, name: str) -> str:
    """The uid of the server's Pod; "" while there is none."""
    found = shop.kubectl.get("pod", f"{name}-0", shop.team) or {}
    return str((found.get("metadata") or {}).get("uid", ""))


def test_a_backup_made_from_the_cronjob_is_verified_and_told(shop: Shop, database: str) -> None:
    assert shop.condition(database, "BackedUp")["reason"] == "NoneYet"
    job = ("create", "job", f"{database}-now", f"--from=cronjob/{database}-backup")
    shop.kubectl.run(*job, "-n", shop.team)

    shop.until(lambda: shop.holds(database, "BackedUp"), "a verified backup")

    taken = shop.status(database)["backups"]
    assert taken["last"] == taken["lastVerified"]
    assert taken["count"] == 1
    assert len(taken["last"]["sha256"]) == 64
    assert taken["last"]["size"] > 0
    shown = shop.kubectl.run("get", "SampleDB", database, "-n", shop.team, "--no-headers")
    assert "<none>" not in shown
