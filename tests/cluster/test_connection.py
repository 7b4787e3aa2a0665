"""The ways to a cluster: a kubeconfig, the environment, a Pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.cluster.client import Cluster
from renderer.cluster.connection import configure
from renderer.core.errors import InvalidError


@pytest.mark.parametrize(
    ("content", "context", "words"),
    [
        pytest.param(None, None, "there is no kubeconfig", id="missing"),
        pytest.param("", None, "can't be used", id="empty"),
        pytest.param("a: [", None, "can't be used", id="broken"),
        pytest.param("clusters: 3\n", None, "can't be used", id="not a kubeconfig"),
        pytest.param("KUBE", "nope", "get-contexts", id="unknown context"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_refused_with_the_way_out(
    tmp_path: Path, content: str | None, context: str | None, words: str
) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(KUBECONFIG if content == "KUBE" else content)
    with pytest.raises(InvalidError, match=words) as raised:
        Cluster.connect(path, context)
    assert str(path) in str(raised.value)


KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {token: abc}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


def test_a_kubeconfig_gives_the_server_and_the_token(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    assert Cluster.connect(path).server == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param({}, "there is no kubeconfig.*--kubeconfig FILE", id="nothing at all"),
        pytest.param({"KUBECONFIG": "/nope/a:/nope/b"}, "/nope/a:/nope/b", id="none of several"),
        pytest.param(
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"},
            "the Pod's account can't be used.*automountServiceAccountToken",
            id="a Pod without a token",
        ),
    ],
)
def test_without_any_way_to_a_cluster_the_ways_are_named(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidError, match=words):
        configure(None, None, environ={"HOME": str(tmp_path), **environ})


def test_the_environments_kubeconfig_is_found(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    environ = {"HOME": "/nope", "KUBECONFIG": f"/nope/other:{path}"}
    assert configure(None, "x", environ=environ).host == "http://127.0.0.1:9"
