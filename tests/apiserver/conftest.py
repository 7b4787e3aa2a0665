"""A server to talk to over HTTP: one of our own for each test, or a real one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from api_client import GROUP, Api, Object, served, widget_definition

from renderer.local.api.access import RoleBased
from renderer.local.api.server import Server
from renderer.local.api.store import Store

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    store = Store()
    with Server(store, authorizer=RoleBased(store), bookmark_seconds=0.2) as running:
        yield running


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    """A server of our own; or a real one, at SAMPLEDB_CONTRACT_URL, _TOKEN and _CA (a file)."""
    url = os.environ.get("SAMPLEDB_CONTRACT_URL", "")
    if url:
        authority = os.environ.get("SAMPLEDB_CONTRACT_CA")
        client = Api(url, os.environ["SAMPLEDB_CONTRACT_TOKEN"], authority)
    else:
        running = request.getfixturevalue("server")
        client = Api(running.url, running.token)
    yield client
    client.close()


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of this test's own."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    assert api.post("/api/v1/namespaces", {"metadata": {"name": name}}).code == 201
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def user(namespace: str) -> str:
    """A ServiceAccount of this test's own."""
    return f"system:serviceaccount:{namespace}:reader"


@pytest.fixture
def reader(request: pytest.FixtureRequest, api: Api, namespace: str, user: str) -> Iterator[Api]:
    """That ServiceAccount, which may read this namespace's ConfigMaps and nothing else."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api.post(accounts, {"metadata": {"name": "reader"}})
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    place = f"{RBAC}/namespaces/{namespace}"
    assert api.post(f"{place}/roles", {"metadata": {"name": "few"}, "rules": rules}).code == 201
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "few"}
    binding = {"metadata": {"name": "few"}, "subjects": [subject], "roleRef": role}
    assert api.post(f"{place}/rolebindings", binding).code == 201
    if os.environ.get("SAMPLEDB_CONTRACT_URL"):
        asked = api.post(f"{accounts}/reader/token", {"spec": {"audiences": []}})
        token = asked.json["status"]["token"]
    else:
        token = request.getfixturevalue("server").add_user(user)
    client = api.with_token(token)
    # A real server's authorizer learns of a role a moment later.
    for _ in range(100):
        if client.get(f"/api/v1/namespaces/{namespace}/configmaps").code == 200:
            break
    yield client
    client.close()


@pytest.fixture
def maps(namespace: str) -> str:
    """The path of this namespace's ConfigMaps."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def widgets(api: Api, namespace: str) -> Iterator[str]:
    """The path of a custom resource of this test's own."""
    unique = namespace.removeprefix("contract-")
    with served(api, namespace, widget_definition(f"w{unique}s", f"W{unique}")) as path:
        yield path


@pytest.fixture
def widget(widgets: str) -> Object:
    """A valid object of that resource."""
    kind = "W" + widgets.rpartition("/")[2][1:-1]
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": {"size": "1Gi"},
    }
