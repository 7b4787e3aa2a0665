"""The controller with exactly the rights of deploy/rbac.yaml: enough, and not more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from laptop_line import PATH, Line

from renderer.cluster import kinds
from renderer.cluster.client import Cluster
from renderer.cluster.failure import DeniedError
from renderer.cluster.kinds import Resource
from renderer.core import documents
from renderer.local.api.access import RoleBased
from renderer.local.laptop import Laptop, Options

ACCOUNT = "system:serviceaccount:sampledb-system:sampledb-renderer"
RBAC = Path(__file__).parents[2] / "deploy" / "rbac.yaml"
STATEFULSETS = next(kind for kind in kinds.CHILDREN if kind.kind == "StatefulSet")
CLAIMS = next(kind for kind in kinds.CHILDREN if kind.kind == "PersistentVolumeClaim")


@pytest.fixture
def guarded() -> Iterator[tuple[Line, Path]]:
    """A cluster under RBAC, and the kubeconfig of the controller's account."""
    options = Options(namespaces=("team-a", "sampledb-system"), path=PATH, authorizer=RoleBased)
    with Laptop(options) as laptop:
        for document in documents.read(RBAC.read_bytes(), source=str(RBAC)):
            kind = document.value["kind"].lower() + "s"
            group = "" if kind == "serviceaccounts" else ".rbac.authorization.k8s.io"
            laptop.store.create(kind + group, document.value)
        token = laptop.server.add_user(ACCOUNT)
        yield Line(laptop), laptop.server.kubeconfig(laptop.folder / "account", token=token)


def test_the_granted_rights_carry_a_sampledb_all_the_way_round(
    guarded: tuple[Line, Path],
) -> None:
    line, kubeconfig = guarded
    elect = ("--leader-elect", "--lease-namespace", "sampledb-system")
    with line.controller(*elect, kubeconfig=kubeconfig):
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        line.delete()
        line.until(lambda: line.get() is None, "the end of the SampleDB")
    assert "403" not in line.log()


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        pytest.param(STATEFULSETS, "orders", id="statefulset"),
        pytest.param(CLAIMS, "data-orders-0", id="claim"),
        pytest.param(kinds.PODS, "orders-0", id="pod"),
    ],
)
def test_a_workload_cannot_be_changed(
    guarded: tuple[Line, Path], resource: Resource, name: str
) -> None:
    line, kubeconfig = guarded
    cluster = Cluster.connect(kubeconfig)
    seen = {"metadata": {"namespace": "team-a", "name": name, "resourceVersion": "1"}}
    with pytest.raises(DeniedError):
        cluster.patch(resource, seen, {"spec": {}})
    with pytest.raises(DeniedError):
        cluster.create(resource, {"metadata": {"namespace": "team-a", "name": name}})
    cluster.close()
    assert line.get() is None


def test_a_secret_cannot_be_read(guarded: tuple[Line, Path]) -> None:
    _, kubeconfig = guarded
    cluster = Cluster.connect(kubeconfig)
    with pytest.raises(DeniedError):
        cluster.get(kinds.SECRETS, "team-a", "orders-credentials")
    cluster.close()
