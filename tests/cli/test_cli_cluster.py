"""Commands that speak to a cluster, against the laptop's API server."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import MINIMAL, PROGRAM, Run, environment

from renderer.cluster.client import Cluster
from renderer.cluster.kinds import SAMPLEDBS
from renderer.core import crd
from renderer.local.api.server import Server

CONDITIONS = (
    ("Ready", "True", "Ready", "the server answers"),
    ("Reconciling", "False", "Done", ""),
    ("Stalled", "False", "Done", ""),
)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def kubeconfig(server: Server, tmp_path: Path) -> Path:
    cluster = Cluster.at(server.url, token=server.token)
    install(server, crd.definition())
    for namespace in ("team-a", "sampledb-system"):
        install(server, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    cluster.create(SAMPLEDBS, yaml.safe_load(MINIMAL.read_text()))
    cluster.close()
    return server.kubeconfig(tmp_path / "kubeconfig")


def install(server: Server, document: dict[str, Any]) -> None:
    """Create an object as an administrator does."""
    import urllib.request  # noqa: PLC0415 - only here

    crds = document["kind"] == "CustomResourceDefinition"
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    request = urllib.request.Request(  # noqa: S310 - http on the loopback address
        server.url + (path if crds else "/api/v1/namespaces"),
        data=json.dumps(document).encode(),
        headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - the same
        pass


def test_get_lists_sampledbs(sampledb: Run, kubeconfig: Path) -> None:
    ended = sampledb("get", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.err) == (0, "")
    head, row = ended.out.splitlines()
    assert head.split()[:4] == ["NAMESPACE", "NAME", "ENGINE", "VERSION"]
    assert row.split()[:4] == ["team-a", "example-database", "postgresql", "18"]
    assert sampledb("get", "--kubeconfig", kubeconfig, "-n", "default").err == (
        "note: no SampleDBs found in default\n"
    )


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_get_gives_programs_a_list(sampledb: Run, kubeconfig: Path, output: str) -> None:
    ended = sampledb("get", "--kubeconfig", kubeconfig, "-o", output)
    found = yaml.safe_load(ended.out)
    assert found["kind"] == "List"
    assert [item["metadata"]["name"] for item in found["items"]] == ["example-database"]


def test_status_says_what_to_do(sampledb: Run, kubeconfig: Path, server: Server) -> None:
    name = "team-a/example-database"
    fresh = sampledb("status", name, "--kubeconfig", kubeconfig)
    assert fresh.code == 1
    assert "nothing has looked at it yet: is the controller running" in fresh.out
    cluster = Cluster.at(server.url, token=server.token)
    seen = cluster.get(SAMPLEDBS, "team-a", "example-database")
    conditions = [
        {
            "type": kind,
            "status": value,
            "reason": reason,
            "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        for kind, value, reason, message in CONDITIONS
    ]
    generation = seen["metadata"]["generation"]
    status = {"phase": "Ready", "conditions": conditions, "observedGeneration": generation}
    cluster.patch(SAMPLEDBS, seen, {"status": status}, subresource="status")
    cluster.close()
    ready = sampledb("status", name, "--kubeconfig", kubeconfig)
    assert ready.code == 0
    assert "nothing: it is ready" in ready.out
    assert "Ready: the server answers" in ready.out


def test_status_of_what_is_not_there_says_so(sampledb: Run, kubeconfig: Path) -> None:
    ended = sampledb("status", "team-a/nothing", "--kubeconfig", kubeconfig)
    assert ended.code == 2
    assert "there is no such SampleDB (got 'team-a/nothing')" in ended.err


def test_a_cluster_that_does_not_answer_is_transient(
    sampledb: Run, server: Server, kubeconfig: Path
) -> None:
    server.stop()
    ended = sampledb("get", "--kubeconfig", kubeconfig)
    assert ended.code == 3
    assert server.url in ended.err


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")
def test_kubectl_reads_what_is_rendered(process: Run, kubeconfig: Path, tmp_path: Path) -> None:
    rendered = process("render", MINIMAL)
    done = subprocess.run(
        ["kubectl", "apply", "--dry-run=client", "-f", "-"],
        input=rendered.out,
        env=environment(KUBECONFIG=str(kubeconfig), HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "statefulset.apps/example-database created (dry run)" in done.stdout
    assert len(done.stdout.splitlines()) == rendered.out.count("# Source: ")


def test_install_and_crd_are_documents_of_kubernetes(sampledb: Run) -> None:
    kinds = [found["kind"] for found in yaml.safe_load_all(sampledb("install").out)]
    assert kinds[0] == "CustomResourceDefinition"
    assert {"Namespace", "Deployment", "ClusterRole", "ConfigMap"} <= set(kinds)
    assert yaml.safe_load(sampledb("crd").out) == crd.definition()
    image = "registry.example.com/sampledb@sha256:1"
    chosen = sampledb("install", "--image", image).out
    assert f'image: "{image}"' in chosen
    assert f'value: "{image}"' in chosen


def test_run_works_until_it_is_told_to_stop(bare: Path, kubeconfig: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            str(PROGRAM),
            *("run", "--repository", str(bare), "--kubeconfig", str(kubeconfig)),
            *("--no-leader-elect", "--metrics-address", "0", "--health-address", "0"),
            *("--log-format", "json"),
        ],
        env=environment(),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 40
        while not (bare / "refs" / "heads" / "main").exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=40)
    finally:
        process.kill()
    assert process.returncode == 0, logged
    assert (bare / "refs" / "heads" / "main").exists(), logged
    assert {json.loads(line)["level"] for line in logged.splitlines()} <= {"info", "warning"}
    assert [ref.name for ref in (bare / "refs" / "heads").iterdir()] == ["main"]
