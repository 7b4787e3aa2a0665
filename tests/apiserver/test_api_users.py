"""Who is let in, and what they may not do, over HTTP only, as in test_api_contract.py."""

from __future__ import annotations

import pytest
from api_client import APPLY, Api, config

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def test_a_wrong_token_is_told_nothing(api: Api, maps: str) -> None:
    stranger = api.with_token("wrong")
    assert stranger.get(maps).json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }
    stranger.close()


def test_without_a_token_one_is_anonymous(api: Api, namespace: str, maps: str) -> None:
    nobody = api.with_token("")
    answer = nobody.get(maps)
    nobody.close()
    assert answer.code == 403
    assert answer.json["message"] == (
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in '
        f'API group "" in the namespace "{namespace}"'
    )


def test_without_a_token_nothing_is_discovered(api: Api) -> None:
    nobody = api.with_token("")
    answer = nobody.get("/apis/apps/v1")
    nobody.close()
    assert (answer.code, answer.json["reason"]) == (403, "Forbidden")
    words = 'forbidden: User "system:anonymous" cannot get path "/apis/apps/v1"'
    assert answer.json["message"] == words


@pytest.mark.parametrize(
    ("sent", "name", "words"),
    [
        pytest.param(
            ("GET", "/api/v1/namespaces/{}/secrets/a"),
            "a",
            'secrets "a" is forbidden: User "{user}" cannot get resource "secrets" in API '
            'group "" in the namespace "{namespace}"',
            id="get",
        ),
        pytest.param(
            ("GET", "/api/v1/namespaces/{}/secrets"),
            "",
            'secrets is forbidden: User "{user}" cannot list resource "secrets" in API '
            'group "" in the namespace "{namespace}"',
            id="list",
        ),
        pytest.param(
            ("GET", "/api/v1/namespaces/{}/secrets?watch=true"),
            "",
            'secrets is forbidden: User "{user}" cannot watch resource "secrets" in API '
            'group "" in the namespace "{namespace}"',
            id="watch",
        ),
        pytest.param(
            ("GET", "/apis/apps/v1/statefulsets"),
            "",
            'statefulsets.apps is forbidden: User "{user}" cannot list resource "statefulsets" in '
            'API group "apps" at the cluster scope',
            id="everywhere",
        ),
        pytest.param(
            ("POST", "/api/v1/namespaces/{}/configmaps"),
            "",
            'configmaps is forbidden: User "{user}" cannot create resource "configmaps" in API '
            'group "" in the namespace "{namespace}"',
            id="create",
        ),
        pytest.param(
            ("PUT", "/apis/apps/v1/namespaces/{}/statefulsets/s/status"),
            "s",
            'statefulsets.apps "s" is forbidden: User "{user}" cannot update resource '
            '"statefulsets/status" in API group "apps" in the namespace "{namespace}"',
            id="subresource",
        ),
        pytest.param(
            ("DELETE", "/api/v1/namespaces/{}/configmaps"),
            "",
            'configmaps is forbidden: User "{user}" cannot deletecollection resource '
            '"configmaps" in API group "" in the namespace "{namespace}"',
            id="collection",
        ),
    ],
)
def test_a_refusal_names_user_verb_and_place(
    reader: Api, user: str, namespace: str, sent: tuple[str, str], name: str, words: str
) -> None:
    method, path = sent
    group, resource = ("apps", "statefulsets") if "apps" in path else ("", path.split("/")[5:][0])
    answer = reader.send(method, path.format(namespace), {} if method in {"POST", "PUT"} else None)
    details = {"name": name, "group": group, "kind": resource.partition("?")[0]}
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": words.format(user=user, namespace=namespace),
        "reason": "Forbidden",
        "details": {key: value for key, value in details.items() if value},
        "code": 403,
    }


def test_what_a_role_grants_is_done(reader: Api, maps: str) -> None:
    assert reader.get(maps).code == 200


def test_an_apply_needs_the_right_to_patch_and_to_create(reader: Api, maps: str) -> None:
    answer = reader.patch(f"{maps}/a", config("a"), kind=APPLY, fieldManager="me")
    assert answer.code == 403
    assert 'cannot patch resource "configmaps"' in answer.json["message"]


@pytest.mark.parametrize(("verb", "allowed"), [("list", True), ("delete", False)])
def test_one_can_ask_what_one_may(reader: Api, namespace: str, verb: str, allowed: bool) -> None:
    asked = {"verb": verb, "resource": "configmaps", "namespace": namespace}
    body = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    answer = reader.post(REVIEWS, body | {"spec": {"resourceAttributes": asked}})
    assert answer.code == 201
    assert answer.json["status"]["allowed"] is allowed
