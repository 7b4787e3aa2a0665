"""Faults that are made on purpose, on a real kubelet: the server comes back with its rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e.appliers.kubectl import Object
from e2e.cluster import Cluster
from e2e.deployed.shop import Shop
from e2e.node import Node
from e2e.storage import Storage

SPEC: dict[str, Any] = {
    "init": {"sql": ["CREATE TABLE items AS SELECT generate_series(1, 1000) AS n"]},
    "backup": {"target": {"pvc": {"size": "1Gi"}}, "requestedAt": "before"},
    "deletion": {"policy": "Delete", "confirm": True},
}
SUM = "SELECT count(*), sum(n) FROM items"
STARTED = "SELECT pg_postmaster_start_time()"
FILLING = "sampledb-experiment.fill"
SMALL = "256Mi"
_GLANCE_SECONDS = 0.5


@pytest.mark.parametrize("handover", ["argocd"], indirect=True)
def test_a_crashed_server_and_a_killed_pod_come_back_with_their_rows(shop: Shop) -> None:
    name = _prepared(shop, "tried")
    begun, first = _pod(shop, name), _started(shop, name)
    assert begun["status"]["containerStatuses"][0]["restartCount"] == 0

    crash = _experiment(shop, name, "crash", "ServerCrash")
    crashed, second = _pod(shop, name), _started(shop, name)
    kill = _experiment(shop, name, "kill", "PodKill")

    assert len({first, second, _started(shop, name)}) == 3
    assert crashed["metadata"]["uid"] == begun["metadata"]["uid"]
    assert crashed["status"]["containerStatuses"][0]["restartCount"] == 1
    assert _pod(shop, name)["metadata"]["uid"] != begun["metadata"]["uid"]
    assert [crash["result"], kill["result"]] == ["Recovered", "Recovered"], (crash, kill)
    for past in (crash, kill):
        assert 0 <= past["recoverySeconds"] <= 120, past
    assert shop.holds(name, "Resilient")
    done = [line for line in shop.subjects(name) if line.startswith("chaos")]
    assert len(done) == len(set(done)) == 5

    shop.handover.delete(name)


@pytest.mark.parametrize("handover", ["flux"], indirect=True)
def test_a_full_volume_is_told_and_written_to_again_and_a_folder_is_never_filled(
    shop: Shop, furnished: Cluster, storage: Storage
) -> None:
    name = _prepared(shop, "filled", storage={"size": SMALL})
    volume = _volume(shop, storage, name)
    folder = _experiment(shop, name, "folder", "FillDisk", duration="5s")
    assert folder["result"] == "Inconclusive", folder
    assert "filling it would harm others" in folder["message"]
    assert not (volume / FILLING).exists()

    shop.change(name, hibernate=True)
    shop.until(lambda: shop.status(name).get("phase") == "Hibernated", "the server's end")
    with limited(furnished.node, volume):
        shop.change(name, hibernate=False)
        shop.settled(name)
        before = _used(furnished.node, volume)
        disk = _experiment(shop, name, "disk", "FillDisk", duration="5s")
        assert disk["result"] == "Recovered", disk
        assert "No space left on device" in disk["message"]
        assert 0 <= disk["recoverySeconds"] <= 120
        assert FILLING not in furnished.node.run("ls", str(volume))
        assert _used(furnished.node, volume) < before + 20
        assert shop.holds(name, "Resilient")

    shop.handover.delete(name)


@pytest.mark.parametrize("handover", ["argocd"], indirect=True)
def test_a_network_that_enforces_nothing_is_told_and_one_that_does_lets_in_again(
    shop: Shop, furnished: Cluster
) -> None:
    name = _prepared(shop, "denied")
    policy, started = _ingress(shop, name), _started(shop, name)

    open_ = _experiment(shop, name, "open", "NetworkDeny", duration="5s")
    assert open_["result"] == "Inconclusive", open_
    assert "this cluster's network does not enforce NetworkPolicies" in open_["message"]
    assert _denied(shop, name)
    assert _ingress(shop, name) == policy

    with enforcing(shop, furnished.node, name):
        closed = _experiment(shop, name, "closed", "NetworkDeny", duration="5s")
    assert closed["result"] == "Recovered", closed
    assert 0 <= closed["recoverySeconds"] <= 120
    assert _ingress(shop, name) == policy
    assert _started(shop, name) == started
    assert shop.holds(name, "Resilient")

    shop.handover.delete(name)


@contextmanager
def limited(node: Node, folder: Path) -> Iterator[None]:
    """A file system of its own in place of a volume's folder, as large as the volume says.

    No server runs when it begins; what the file system holds goes with it.
    """
    size = SMALL.lower().removesuffix("i")
    node.run("cp", "-a", str(folder), f"{folder}.kept")
    node.run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        node.run("cp", "-a", f"{folder}.kept/.", str(folder))
        node.run("rm", "-r", f"{folder}.kept")
        yield
    finally:
        node.run("umount", "--lazy", str(folder))


@contextmanager
def enforcing(shop: Shop, node: Node, name: str) -> Iterator[None]:
    """What a network that knows policies does: the server's Pod gets nothing while none may in."""
    address = _pod(shop, name)["status"]["podIP"]
    rule = ("FORWARD", "-d", address, "-p", "tcp", "--dport", "5432", "-j", "DROP")
    ended = threading.Event()

    def follow() -> None:
        denied = False
        while not ended.wait(_GLANCE_SECONDS):
            wanted = not _ingress(shop, name)
            if wanted != denied:
                node.run("iptables", "-w", "-I" if wanted else "-D", *rule)
                denied = wanted

    engine = threading.Thread(target=follow)
    engine.start()
    try:
        yield
    finally:
        ended.set()
        engine.join()


def _prepared(shop: Shop, name: str, **spec: Any) -> str:
    """A SampleDB that experiments may be made on."""
    shop.handover.create(name, **SPEC, **spec)
    shop.until(lambda: "Backup" in shop.history(name), "a verified backup")
    shop.settled(name)
    return name


def _experiment(shop: Shop, name: str, called: str, action: str, **more: Any) -> Object:
    """Ask for one, and wait for its end; what the history says of it."""
    before = shop.as_superuser(name, SUM, database="app")
    asked = {"name": called, "action": action, "recoverWithin": "2m", **more}
    shop.change(name, chaos={"experiments": [asked]})

    def ended() -> Object | None:
        newest = next(iter(shop.status(name)["history"]))
        return newest if newest.get("experiment") == called else None

    found = dict(shop.until(ended, f"the end of {action}"))
    shop.settled(name)
    assert shop.as_superuser(name, SUM, database="app") == before == "1000|500500"
    return found


def _started(shop: Shop, name: str) -> str:
    return shop.as_superuser(name, STARTED)


def _pod(shop: Shop, name: str) -> Object:
    return shop.kubectl.get("pod", f"{name}-0", shop.team) or {}


def _volume(shop: Shop, storage: Storage, name: str) -> Path:
    claim = shop.kubectl.get("pvc", f"data-{name}-0", shop.team) or {}
    volume = shop.kubectl.get("pv", claim["spec"]["volumeName"]) or {}
    return storage.volume(volume["spec"]["csi"]["volumeHandle"])


def _used(node: Node, folder: Path) -> int:
    """How full, in percent."""
    return int(node.run("df", "--output=pcent", str(folder)).split()[-1].removesuffix("%"))


def _ingress(shop: Shop, name: str) -> Any:
    """What the policy lets in; None for nothing."""
    return (shop.kubectl.get("networkpolicy", name, shop.team) or {})["spec"].get("ingress")


def _denied(shop: Shop, name: str) -> bool:
    """Whether a commit let nothing in."""
    path = f"{shop.handover.directory(name)}/networkpolicy.yaml"
    commits = shop.handover.bare.git("log", "--format=%H", "main", "--", path).split()
    return any("ingress:" not in shop.handover.bare.show(path, each) for each in commits)
