"""The definition of SampleDB on a real API server: what it takes, and what it refuses and how."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_client import DEFINITIONS, Answer, Api
from e2e.cluster import Nodeless

from renderer.core import crd, documents

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPECT = "# expect: "
GROUP = "/apis/sampledb.dev"
TAKEN = {
    "resources-field",
    "resources-quantity",
    "resources-above-limit",
    "backup-schedule-backwards",
    "backup-schedule-never",
    "backup-time-zone",
    "chaos-duration-too-long",
    "chaos-recover-within",
    "chaos-schedule",
    "chaos-time-zone",
    "upgrade-window-length",
    "upgrade-window-zone",
    "network-policy-cidr",
    "network-policy-except",
}
"""Broken examples that no schema can refuse; the controller's status does."""

WORDED = {"api-version": "v1beta1", "namespace": "Team_A"}
"""Refused by the address they are sent to: the server tells the value, not the field."""


@pytest.fixture(scope="module")
def api(nodeless: Nodeless) -> Iterator[Api]:
    """The administrator, at a server that has the definition."""
    plane = nodeless.plane
    client = Api(plane.url, plane.token, str(plane.authority.certificate))
    apply = {"fieldManager": "kubectl", "force": "true", "kind": "application/apply-patch+yaml"}
    answer = client.patch(f"{DEFINITIONS}/sampledbs.sampledb.dev", crd.definition(), **apply)
    assert answer.code in {200, 201}, answer.raw
    until(lambda: conditions(client).get("Established") == "True")
    until(lambda: client.get(f"{GROUP}/v1/sampledbs").code == 200)
    for name in ("team-a", "team-b", "shop"):
        client.post("/api/v1/namespaces", {"metadata": {"name": name}})
    yield client
    client.close()


def conditions(api: Api) -> dict[str, str]:
    body = api.get(f"{DEFINITIONS}/sampledbs.sampledb.dev").json
    return {one["type"]: one["status"] for one in body["status"]["conditions"] or ()}


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def read(path: Path) -> list[dict[str, Any]]:
    return [one.value for one in documents.read(path.read_text(), source=path.name)]


def files(folder: str) -> list[Any]:
    return [
        pytest.param(path, id=path.stem) for path in sorted((EXAMPLES / folder).rglob("*.yaml"))
    ]


def expected(path: Path) -> str:
    return path.read_text().splitlines()[0].removeprefix(EXPECT)


def collection(document: dict[str, Any]) -> str:
    return f"{GROUP}/v1/namespaces/{document['metadata']['namespace']}/sampledbs"


def create(api: Api, document: dict[str, Any]) -> Answer:
    """As `kubectl apply --dry-run=server` does."""
    return api.post(collection(document), document, dryRun="All", fieldValidation="Strict")


def refusal(answer: Answer) -> str:
    """What is refused: the fields of the causes, and the message."""
    assert 400 <= answer.code < 500, answer.raw
    causes = answer.json.get("details", {}).get("causes", [])
    return "\n".join([*(cause["field"] for cause in causes), answer.json["message"]])


def test_the_definition_breaks_no_rule_of_the_server(api: Api) -> None:
    assert conditions(api) == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.parametrize(
    "path", [*files("team"), *(EXAMPLES / f"{n}.yaml" for n in ("minimal", "production"))]
)
def test_a_good_example_is_taken_and_its_defaults_change_nothing(api: Api, path: Path) -> None:
    (document,) = read(path)
    answer = create(api, document)
    assert answer.code == 201, answer.raw
    spec = answer.json["spec"]
    assert create(api, {**document, "spec": spec}).json["spec"] == spec


@pytest.mark.parametrize("path", files("broken"))
def test_a_broken_example_is_refused_for_its_field(api: Api, path: Path) -> None:
    (document,) = read(path)
    answer = create(api, document)
    if path.stem in TAKEN or path.stem.startswith("unsupported-"):
        assert answer.code == 201, answer.raw
        return
    field = WORDED.get(path.stem, expected(path))
    # A CEL rule over a list or a map names what holds the value.
    names = {field, field.rpartition(".")[0], field.rpartition("[")[0]} - {""}
    assert any(name in refusal(answer) for name in names), answer.raw


@pytest.mark.parametrize("path", files("broken-updates"))
def test_a_forbidden_change_is_refused_for_its_field(api: Api, path: Path) -> None:
    old, new = read(path)
    old["metadata"]["name"] = new["metadata"]["name"] = path.stem
    assert api.post(collection(old), old).code == 201
    version = api.get(f"{collection(old)}/{path.stem}").version
    new["metadata"]["resourceVersion"] = version
    answer = api.put(f"{collection(old)}/{path.stem}", new)
    api.delete(f"{collection(old)}/{path.stem}")
    assert expected(path) in refusal(answer).splitlines()
