"""The real kubectl against the server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from api_client import DEFINITIONS, Api, Object

from renderer.core.crd import definition
from renderer.local.api.server import Server

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a}\n"
DATABASE = """\
apiVersion: sampledb.dev/v1
kind: SampleDB
metadata: {name: orders, namespace: team-a}
spec:
  engine: postgresql
  version: "18"
  storage: {size: 1Gi}
"""


@pytest.fixture
def kubectl(server: Server, tmp_path: Path) -> Kubectl:
    """Run kubectl as the administrator, with a home of its own; fails on a wrong exit code."""
    config = server.kubeconfig(tmp_path / "kubeconfig")
    env = {"KUBECONFIG": str(config), "HOME": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin"}

    def run(*arguments: str, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["kubectl", *arguments],
            input=stdin,
            env=env,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def database(api: Api, kubectl: Kubectl) -> Object:
    """A SampleDB that kubectl has applied."""
    assert api.post(DEFINITIONS, definition()).code == 201
    applied = kubectl("apply", "-f", "-", stdin=f"{NAMESPACE}---\n{DATABASE}")
    assert applied.stdout.splitlines() == [
        "namespace/team-a created",
        "sampledb.sampledb.dev/orders created",
    ]
    found: Object = api.get("/apis/sampledb.dev/v1/namespaces/team-a/sampledbs/orders").json
    return found


def test_kubectl_lists_the_columns_of_the_definition(kubectl: Kubectl, database: Object) -> None:
    assert database["spec"]["instances"] == 1
    for name in ("sampledb", "sdb", "sampledbs.v1.sampledb.dev"):
        shown = kubectl("get", name, "-A").stdout.splitlines()
        assert shown[0].split()[:5] == ["NAMESPACE", "NAME", "ENGINE", "VERSION", "READY"]
        assert shown[1].split()[:4] == ["team-a", "orders", "postgresql", "18"]
    wide = kubectl("get", "sdb", "-A", "-o", "wide").stdout.splitlines()[0]
    assert wide.split()[-3:] == ["PATH", "DELIVERY", "MESSAGE"]


def test_kubectl_describes_with_events(api: Api, kubectl: Kubectl, database: Object) -> None:
    head = database["metadata"]
    api.post(
        "/api/v1/namespaces/team-a/events",
        {
            "metadata": {"name": "orders.1"},
            "involvedObject": {
                "apiVersion": "sampledb.dev/v1",
                "kind": "SampleDB",
                "namespace": "team-a",
                "name": "orders",
                "uid": head["uid"],
            },
            "type": "Normal",
            "reason": "Committed",
            "message": "commit 1a2b3c",
            "lastTimestamp": head["creationTimestamp"],
        },
    )
    assert "commit 1a2b3c" in kubectl("describe", "sdb/orders", "-n", "team-a").stdout
    listed = kubectl("get", "events", "-n", "team-a").stdout
    assert "Committed" in listed
    assert "sampledb/orders" in listed


def test_kubectl_applies_again_on_either_side(kubectl: Kubectl, database: Object) -> None:
    assert database["metadata"]["generation"] == 1
    again = kubectl("apply", "-f", "-", stdin=DATABASE)
    assert again.stdout == "sampledb.sampledb.dev/orders unchanged\n"
    larger = DATABASE.replace("1Gi", "2Gi")
    assert "configured" in kubectl("apply", "-f", "-", stdin=larger).stdout
    applied = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=larger)
    assert applied.stdout == "sampledb.sampledb.dev/orders serverside-applied\n"


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_dry_run_of_kubectl_writes_nothing(
    api: Api, kubectl: Kubectl, database: Object, side: str
) -> None:
    other = DATABASE.replace("orders", "other")
    done = kubectl("apply", f"--dry-run={side}", "-f", "-", stdin=other)
    assert "created" in done.stdout
    assert api.get("/apis/sampledb.dev/v1/sampledbs").json["items"] == [database]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        pytest.param("engine: postgresql", "engine: mysql", "engine", id="immutable"),
        pytest.param("size: 1Gi", "size: 1Mi", "spec.storage.size: Invalid value", id="shrinks"),
        pytest.param("version:", "verzion:", 'unknown field "spec.verzion"', id="unknown field"),
        pytest.param('"18"', "18", "must be of type string", id="type"),
    ],
)
def test_kubectl_tells_which_field_is_wrong(
    kubectl: Kubectl, database: Object, old: str, new: str, text: str
) -> None:
    assert database["metadata"]["name"] == "orders"
    refused = kubectl("apply", "-f", "-", stdin=DATABASE.replace(old, new), code=1)
    assert text in refused.stderr


def test_kubectl_edits_as_a_patch(api: Api, kubectl: Kubectl, database: Object) -> None:
    assert database["spec"]["parameters"] == {}
    change = '{"spec":{"parameters":{"max_connections":"50"}}}'
    kubectl("patch", "sdb/orders", "-n", "team-a", "--type=merge", "-p", change)
    path = "/apis/sampledb.dev/v1/namespaces/team-a/sampledbs/orders"
    assert api.get(path).json["spec"]["parameters"] == {"max_connections": "50"}


def test_kubectl_annotates_waits_and_deletes(kubectl: Kubectl, database: Object) -> None:
    assert database["metadata"]["uid"]
    kubectl("annotate", "sdb/orders", "-n", "team-a", "a/b=c")
    status = '{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Ready",'
    status += '"message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}'
    target = ("sdb/orders", "-n", "team-a")
    kubectl("patch", *target, "--subresource=status", "--type=merge", "-p", status)
    kubectl("wait", *target, "--for=condition=Ready", "--timeout=5s")
    assert "deleted" in kubectl("delete", *target).stdout
    assert "NotFound" in kubectl("get", *target, code=1).stderr


def test_kubectl_explains_a_field(kubectl: Kubectl, database: Object) -> None:
    assert database["kind"] == "SampleDB"
    explained = kubectl("explain", "sampledb.spec.storage.size").stdout
    assert "KIND:       SampleDB" in explained
    assert "FIELD: size <string>" in explained


def test_kubectl_creates_and_deletes_a_namespace_by_name(kubectl: Kubectl) -> None:
    assert kubectl("create", "namespace", "x").stdout == "namespace/x created\n"
    kubectl("create", "configmap", "c", "-n", "x", "--from-literal=k=v")
    shown = kubectl("get", "configmap", "c", "-n", "x", "-o", "json").stdout
    assert orjson.loads(shown)["data"] == {"k": "v"}
    kubectl("delete", "namespace", "x")
    assert "NotFound" in kubectl("get", "ns", "x", code=1).stderr


def test_kubectl_knows_what_a_user_may(server: Server, kubectl: Kubectl, tmp_path: Path) -> None:
    assert kubectl("auth", "can-i", "create", "pods").stdout == "yes\n"
    names = kubectl("api-resources", "-o", "name").stdout.split()
    assert {"pods", "statefulsets.apps", "jobs.batch"} <= set(names)
    assert server.url in kubectl("config", "view").stdout or tmp_path.exists()
