"""Trouble on the way: each is told where the team looks, and what mends it goes on."""

from __future__ import annotations

import pytest
from e2e.appliers import flux
from e2e.deployed.shop import Shop
from e2e.handover import condition_of
from e2e.supervisor import Run

GUARDED = "guarded"
APPLIERS = {"flux": flux.KUSTOMIZE, "argocd": "argocd-application-controller"}


@pytest.fixture(scope="module", autouse=True)
def refused_password(shop: Shop) -> str:
    """A deletion whose backups are refused goes on while the other tests run; what mends it."""
    shop.handover.create(GUARDED, version="16.14")
    shop.settled(GUARDED)
    kept = shop.as_superuser(
        GUARDED, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'"
    )
    shop.as_superuser(GUARDED, "ALTER ROLE postgres PASSWORD 'another one'")
    shop.kubectl.run("delete", "sampledb", GUARDED, "-n", shop.team, "--wait=false")
    return kept


def test_a_pod_that_can_not_start_is_told_in_the_kubelets_words(shop: Shop) -> None:
    name, nowhere = "no-image", "registry.invalid/postgres:0"
    shop.handover.create(name, version="16.14", image=nowhere)
    shop.until(lambda: shop.holds(name, "Stalled"), "the Pod's failure")
    found = shop.handover.get(name)
    stalled = condition_of(found, "Stalled")
    assert stalled["reason"] == "PodFailed"
    assert nowhere in stalled["message"]
    assert condition_of(found, "Ready")["message"] == stalled["message"]
    events = shop.kubectl.run(
        *("get", "events", "-n", shop.team, "-o", "jsonpath={.items[*].message}"),
        *("--field-selector", f"involvedObject.kind=SampleDB,involvedObject.name={name}"),
    )
    assert nowhere in events
    shop.change(name, image="")
    shop.settled(name)


def test_an_applier_that_is_down_is_told_and_caught_up_with(shop: Shop, run: Run) -> None:
    name, applier = "unapplied", run.process(APPLIERS[shop.handover.tool.name])
    applier.pause()
    try:
        shop.handover.create(name, version="16.14")
        shop.until(lambda: shop.holds(name, "Committed"), "the commit")
        shop.until(
            lambda: shop.condition(name, "Applied").get("reason") == "Waiting",
            "the applier waited for",
        )
        applied = shop.condition(name, "Applied")
        assert applied["status"] == "False"
        assert "waiting for" in applied["message"]
        assert shop.handover.tool.name in shop.status(name)["message"]
        assert not shop.handover.children(name)
    finally:
        applier.resume()
    shop.settled(name)


def test_a_deletion_without_a_backup_is_blocked_until_it_is_mended(
    shop: Shop, refused_password: str
) -> None:
    name = GUARDED
    shop.until(lambda: shop.holds(name, "DeletionBlocked"), "the blocked deletion")

    said = shop.condition(name, "DeletionBlocked")["message"]
    assert "the server refused the password of postgres" in said
    assert "to delete without a final backup, set spec.deletion" in said
    live = shop.handover.children(name)
    assert live[f"StatefulSet/{name}"]["spec"]["replicas"] == 1
    assert "deletionTimestamp" not in live[f"PersistentVolumeClaim/data-{name}-0"]["metadata"]
    assert shop.subjects(name)[-1] == "delete, step 1 of 5: take the final backup"

    shop.as_superuser(name, f"ALTER ROLE postgres PASSWORD '{refused_password}'")
    (job,) = (child for child in live if child.startswith("Job/"))
    shop.kubectl.run("delete", job, "-n", shop.team)
    shop.poke_the_applier(name)
    shop.until(lambda: not shop.handover.get(name), "the end of the SampleDB")
    assert not shop.kubectl.get("pvc", f"data-{name}-0", shop.team)
