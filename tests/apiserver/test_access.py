"""Least privilege can be proved: roles in the store decide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_client import Api, Object

from renderer.local.api.server import Server

RBAC = "/apis/rbac.authorization.k8s.io/v1"
USER = "system:serviceaccount:team-a:controller"


@pytest.fixture
def controller(server: Server, api: Api, namespace: str) -> Iterator[Api]:
    """A ServiceAccount with few rights in one namespace."""
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["statefulsets/status"], "verbs": ["patch"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["mine"],
            "verbs": ["get"],
        },
    ]
    api.post(f"{RBAC}/clusterroles", {"metadata": {"name": "few"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "controller", "namespace": "team-a"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "few"}
    binding = {"metadata": {"name": "few"}, "subjects": [subject], "roleRef": role}
    assert api.post(f"{RBAC}/namespaces/{namespace}/rolebindings", binding).code == 201
    client = Api(server.url, server.add_user(USER))
    yield client
    client.close()


def test_what_a_role_allows_is_done(controller: Api, maps: str) -> None:
    assert controller.get(maps).code == 200


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        pytest.param(
            "POST",
            "/api/v1/namespaces/{}/configmaps",
            'configmaps is forbidden: User "{user}" cannot create resource "configmaps" in API '
            'group "" in the namespace "{}"',
            id="verb",
        ),
        pytest.param(
            "PATCH",
            "/apis/apps/v1/namespaces/{}/statefulsets/s",
            'statefulsets.apps "s" is forbidden: User "{user}" cannot patch resource '
            '"statefulsets" in API group "apps" in the namespace "{}"',
            id="main resource while only its status is allowed",
        ),
        pytest.param(
            "GET",
            "/api/v1/namespaces/{}/secrets/other",
            'secrets "other" is forbidden: User "{user}" cannot get resource "secrets" in API '
            'group "" in the namespace "{}"',
            id="name",
        ),
        pytest.param(
            "GET",
            "/api/v1/configmaps",
            'configmaps is forbidden: User "{user}" cannot list resource "configmaps" in API '
            'group "" at the cluster scope',
            id="all namespaces",
        ),
    ],
)
def test_what_no_role_allows_is_forbidden(
    controller: Api, namespace: str, method: str, path: str, words: str
) -> None:
    answer = controller.send(method, path.format(namespace), {"metadata": {"name": "s"}})
    assert answer.code == 403
    assert answer.json["reason"] == "Forbidden"
    assert answer.json["message"] == words.format(namespace, user=USER)


def test_a_named_secret_may_be_read(controller: Api, api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    api.post(path, {"metadata": {"name": "mine"}})
    assert controller.get(f"{path}/mine").code == 200


def test_a_subresource_has_a_right_of_its_own(controller: Api, api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    body: Object = {"metadata": {"name": "s"}, "spec": {"template": {}}}
    api.post(path, body)
    answer = controller.patch(f"{path}/s/status", {"status": {"replicas": 1}})
    assert answer.code == 200


def test_a_taken_role_counts_at_once(controller: Api, api: Api, maps: str) -> None:
    api.delete(f"{RBAC}/clusterroles/few")
    assert controller.get(maps).code == 403
