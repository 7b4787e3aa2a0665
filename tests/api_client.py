"""A small Kubernetes client that knows nothing but HTTP, and a resource to try things on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import urllib3

Object = dict[str, Any]  # JSON
GROUP = "contract.sampledb.dev"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def config(name: str, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data,
    }


def names(body: Object) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"] if "kube-root" not in str(item)]


class Answer:
    def __init__(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.code, self.raw, self.headers = code, body, headers

    @property
    def json(self) -> Any:  # JSON: any value
        return orjson.loads(self.raw)

    @property
    def version(self) -> str:
        return str(self.json["metadata"]["resourceVersion"])


class Api:
    """Requests to a server at `url` with a bearer token."""

    def __init__(self, url: str, token: str, authority: str | None = None) -> None:
        """`authority` is the file of the CA that signed an https server's certificate."""
        self.url, self.token, self._authority = url, token, authority
        self._pool = urllib3.PoolManager(ca_certs=authority, retries=False, timeout=20)

    def with_token(self, token: str) -> Api:
        """The same server with another token."""
        return Api(self.url, token, self._authority)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        kind: str = "",
        accept: str = "application/json",
        **query: object,
    ) -> Answer:
        headers = {"Content-Type": kind or "application/json", "Accept": accept}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        fields = "&".join(f"{name}={value}" for name, value in query.items())
        target = f"{self.url}{path}" + (f"?{fields}" if fields else "")
        answer = self._pool.request(method, target, body=data, headers=headers)
        return Answer(answer.status, answer.data, answer.headers)

    def get(self, path: str, **query: object) -> Answer:
        return self.send("GET", path, **query)

    def post(self, path: str, body: object, **query: object) -> Answer:
        return self.send("POST", path, body, **query)

    def put(self, path: str, body: object, **query: object) -> Answer:
        return self.send("PUT", path, body, **query)

    def delete(self, path: str, body: object = None, **query: object) -> Answer:
        return self.send("DELETE", path, body, **query)

    def patch(self, path: str, body: object, *, kind: str = MERGE, **query: object) -> Answer:
        return self.send("PATCH", path, body, kind=kind, **query)

    def watch(self, path: str, **query: object) -> Iterator[Any]:
        """The events of a watch, until the server ends it."""
        fields = {"watch": "true", "timeoutSeconds": 10, **query}
        target = f"{self.url}{path}?" + "&".join(f"{k}={v}" for k, v in fields.items())
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self._pool.request("GET", target, headers=headers, preload_content=False)
        try:
            rest = b""
            for chunk in answer.stream(65_536):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (orjson.loads(line) for line in lines if line)
        finally:
            answer.close()

    def close(self) -> None:
        self._pool.clear()


@contextmanager
def served(api: Api, namespace: str, definition: Object) -> Iterator[str]:
    """The path of a namespace's objects of a definition, which goes at the end."""
    assert api.post(DEFINITIONS, definition).code == 201
    path = f"/apis/{GROUP}/v1/namespaces/{namespace}/{definition['spec']['names']['plural']}"
    for _ in range(100):
        if api.get(path).code == 200:
            break
    yield path
    api.delete(f"{DEFINITIONS}/{definition['metadata']['name']}")


def widget_definition(plural: str, kind: str) -> Object:
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "string"},
            "count": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9},
            "mode": {"type": "string", "enum": ["On", "Off"], "default": "On"},
            "engine": {"type": "string", "default": "a", "maxLength": 20},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            "parameters": {"type": "object", "additionalProperties": {"type": "string"}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "port": {"x-kubernetes-int-or-string": True},
        },
        "x-kubernetes-validations": [
            {"rule": "self.engine == oldSelf.engine", "message": "engine is immutable"},
            {
                "rule": "!isQuantity(self.size) || !isQuantity(oldSelf.size) || "
                "quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
                "message": "size must not shrink",
                "fieldPath": ".size",
            },
            {
                "rule": "self.mode == 'On' || self.count > 1",
                "messageExpression": "'mode ' + self.mode + ' needs more than one'",
            },
        ],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": spec,
                                "status": {
                                    "type": "object",
                                    "properties": {"phase": {"type": "string"}},
                                },
                            },
                        }
                    },
                    "additionalPrinterColumns": [
                        {"name": "Size", "type": "string", "jsonPath": ".spec.size"},
                        {
                            "name": "Mode",
                            "type": "string",
                            "jsonPath": ".spec.mode",
                            "priority": 1,
                        },
                    ],
                }
            ],
        },
    }
