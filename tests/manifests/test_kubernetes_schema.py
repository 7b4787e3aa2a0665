"""Objects against Kubernetes' schema: what the API server would refuse, in plain words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.core import schemas
from renderer.core.layout import Role

Document = dict[str, Any]
Give = Callable[[Role], Document]
Spoil = Callable[[Document], object]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_a_good_object_of_each_role_is_fine(role: Role, prepared: Give) -> None:
    assert schemas.validate(prepared(role)) == ()


def _pod(document: Document) -> Document:
    pod: Document = document["spec"]["template"]["spec"]
    return pod


def _container(document: Document) -> Document:
    container: Document = _pod(document)["containers"][0]
    return container


WRONG = [
    pytest.param(
        Role.SERVER,
        lambda d: d["spec"].update(replica=1),
        "spec.replica: Kubernetes has no such field; write replicas",
        id="misspelt-field",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: d.update(stat=1),
        "stat: Kubernetes has no such field; remove it",
        id="unknown-field-at-the-top",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: d["metadata"].update(uid="x"),
        "metadata.uid: Kubernetes has no such field; remove it",
        id="field-of-the-server",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: d["spec"].pop("selector"),
        "spec.selector: is required; add it",
        id="missing-field",
    ),
    pytest.param(Role.INIT, lambda d: d.pop("spec"), "spec: is required; add it", id="no-spec"),
    pytest.param(
        Role.SERVER,
        lambda d: d["spec"].update(replicas="1"),
        "spec.replicas: must be a whole number (got '1'); write a whole number",
        id="text-for-a-number",
    ),
    pytest.param(
        Role.CONFIG,
        lambda d: d["data"].update(port=5432),
        "data.port: must be a string (got 5432); quote it",
        id="number-for-text",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: d["spec"].update(replicas=-1),
        "spec.replicas: must be at least 0 (got -1); correct it",
        id="negative",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: d["spec"].update(replicas=2**31),
        "spec.replicas: must be at most 2147483647 (got 2147483648); correct it",
        id="beyond-32-bits",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _pod(d).update(dnsPolicy="None1"),
        "spec.template.spec.dnsPolicy: is not one of the known values (got 'None1'); use one of "
        "ClusterFirst, ClusterFirstWithHostNet, Default, None",
        id="enumeration",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _container(d)["ports"][0].update(containerPort=65536),
        "spec.template.spec.containers[0].ports[0].containerPort: must be at most 65535 "
        "(got 65536); correct it",
        id="port",
    ),
    pytest.param(
        Role.SERVICE,
        lambda d: d["spec"]["ports"][0].update(targetPort="postgresql-server"),
        "spec.ports[0].targetPort: is longer than 15 characters (got 'postgresql-server'); "
        "correct it",
        id="port-name",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _container(d).update(image=""),
        "spec.template.spec.containers[0].image: must not be empty (got ''); correct it",
        id="empty-image",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _pod(d).update(containers=[]),
        "spec.template.spec.containers: must have at least 1 item (got []); correct it",
        id="no-container",
    ),
    pytest.param(
        Role.DATA,
        lambda d: d["spec"]["resources"]["requests"].update(storage="10 GB"),
        "spec.resources.requests.storage: must be a quantity such as 10Gi or 500m "
        "(got '10 GB'); correct it",
        id="quantity",
    ),
    pytest.param(
        Role.BACKUP,
        lambda d: d["spec"].update(schedule="61 3 * * *"),
        "spec.schedule: must be a cron schedule of five fields: minute, hour, day, month, "
        "weekday (got '61 3 * * *'); correct it",
        id="cron",
    ),
    pytest.param(
        Role.BACKUP,
        lambda d: d["spec"].update(schedule="0 3 31 2 *"),
        "spec.schedule: names a day that never comes (got '0 3 31 2 *'); correct it",
        id="cron-that-never-comes",
    ),
    pytest.param(
        Role.SERVICE,
        lambda d: d["metadata"].update(name="1orders"),
        "metadata.name: must begin with a-z and hold only a-z, 0-9 and '-' (got '1orders'); "
        "correct it",
        id="service-name",
    ),
    pytest.param(
        Role.CONFIG,
        lambda d: d["metadata"].update(name="Orders"),
        "metadata.name: must be a-z, 0-9, '-' and '.' (an RFC 1123 subdomain) (got 'Orders'); "
        "correct it",
        id="object-name",
    ),
    pytest.param(
        Role.BACKUP,
        lambda d: d["metadata"].update(name="x" * 53),
        f"metadata.name: is longer than 52 characters (got '{'x' * 53}'); correct it",
        id="cronjob-name",
    ),
    pytest.param(
        Role.CONFIG,
        lambda d: d["metadata"]["labels"].update(a="b c"),
        "metadata.labels.a: must be letters, digits, '-', '_' and '.', beginning with a letter "
        "or digit (got 'b c'); correct it",
        id="label-value",
    ),
    pytest.param(
        Role.CONFIG,
        lambda d: d["metadata"]["labels"].update({"a b": "c"}),
        "metadata.labels[a b]: must be a name such as app.kubernetes.io/name: at most 63 letters, "
        "digits, '-', '_', '.' after the '/' (got 'a b'); correct it",
        id="label-name",
    ),
    pytest.param(
        Role.CONFIG,
        lambda d: d["data"].update({"a/b": "c"}),
        "data[a/b]: must be letters, digits, -, _ and . (got 'a/b'); correct it",
        id="key-of-a-config-map",
    ),
    pytest.param(
        Role.CONFIG,
        lambda d: d.update(kind="ConfigMap", apiVersion="v2"),
        "kind: is not one of the kinds that are rendered (got 'v2/ConfigMap'); use one of "
        + ", ".join(schemas.KINDS),
        id="unknown-kind",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: d["spec"]["template"]["metadata"]["labels"].pop("sampledb.dev/name"),
        "spec.template.metadata.labels[sampledb.dev/name]: must be what "
        "spec.selector.matchLabels says; write 'orders'",
        id="selector-misses-its-pods",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _pod(d).update(restartPolicy="Never"),
        "spec.template.spec.restartPolicy: must be Always here (got 'Never'); write Always",
        id="server-that-stays-down",
    ),
    pytest.param(
        Role.INIT,
        lambda d: _pod(d).pop("restartPolicy"),
        "spec.template.spec.restartPolicy: must be Never or OnFailure here; write Never",
        id="job-that-restarts-for-ever",
    ),
    pytest.param(
        Role.BACKUP,
        lambda d: d["spec"]["jobTemplate"]["spec"]["template"]["spec"].pop("restartPolicy"),
        "spec.jobTemplate.spec.template.spec.restartPolicy: must be Never or OnFailure here; "
        "write Never",
        id="cronjob-that-restarts-for-ever",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _container(d)["volumeMounts"][0].update(name="dota"),
        "spec.template.spec.containers[0].volumeMounts[0].name: there is no volume of this name "
        "(got 'dota'); add it to the Pod's volumes, or correct the name",
        id="mount-without-a-volume",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _container(d)["env"].append({"name": "PGDATA", "value": "/x"}),
        "spec.template.spec.containers[0].env[1].name: is given twice (got 'PGDATA'); remove or "
        "rename one of the two",
        id="variable-twice",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _pod(d).update(initContainers=[{"name": "server", "image": "x"}]),
        "spec.template.spec.containers[0].name: is given twice (got 'server'); remove or rename "
        "one of the two",
        id="container-twice",
    ),
    pytest.param(
        Role.SERVER,
        lambda d: _container(d)["resources"]["requests"].update(memory="2Gi"),
        "spec.template.spec.containers[0].resources.requests.memory: is above the limit 1Gi "
        "(got '2Gi'); lower the request or raise the limit",
        id="request-above-limit",
    ),
    pytest.param(
        Role.DISRUPTION,
        lambda d: d["spec"].update(minAvailable=1),
        "spec.maxUnavailable: can't stand beside spec.minAvailable (got '50%'); keep one of them",
        id="budget-both-ways",
    ),
    pytest.param(
        Role.SERVICE,
        lambda d: d["spec"].update(ports=[]),
        "spec.ports: needs at least one port; add it",
        id="service-without-a-port",
    ),
    pytest.param(
        Role.SERVICE,
        lambda d: d["spec"].update(ports=[{"port": 1, "name": "a"}, {"port": 2}]),
        "spec.ports[1].name: is required for several ports; add it",
        id="nameless-port",
    ),
]


@pytest.mark.parametrize(("role", "spoil", "message"), WRONG)
def test_a_wrong_object_is_told_with_field_value_and_way_out(
    role: Role, spoil: Spoil, message: str, prepared: Give
) -> None:
    document = prepared(role)
    spoil(document)
    assert [str(detail) for detail in schemas.validate(document)] == [message]


def test_every_pattern_of_the_schema_has_words() -> None:
    """A message never shows a regular expression."""

    def bare(schema: object) -> list[object]:
        if isinstance(schema, list):
            return [found for item in schema for found in bare(item)]
        if not isinstance(schema, dict):
            return []
        mine = (
            [schema] if isinstance(schema.get("pattern"), str) and "x-words" not in schema else []
        )
        return mine + [found for item in schema.values() for found in bare(item)]

    file = Path(schemas.__file__).with_name("kubernetes.json")
    assert bare(json.loads(file.read_text())) == []
    assert file.stat().st_size < 400_000


def test_the_source_stands_before_the_field(prepared: Give) -> None:
    document = prepared(Role.SERVER)
    document["spec"]["replicas"] = -1
    document["bogus"] = {}
    fields = {detail.field for detail in schemas.validate(document, source="x.yaml")}
    assert fields == {"x.yaml: spec.replicas", "x.yaml: bogus"}


def test_a_long_value_is_cut_in_the_message(prepared: Give) -> None:
    document = prepared(Role.CONFIG)
    document["data"] = ["x" * 500]
    [detail] = schemas.validate(document)
    assert len(detail.value) == 120


def test_a_claim_template_serves_as_a_volume(prepared: Give) -> None:
    document = prepared(Role.SERVER)
    _pod(document).pop("volumes")
    claim = prepared(Role.DATA)
    claim["metadata"] = {"name": "data"}
    document["spec"]["volumeClaimTemplates"] = [claim]
    assert schemas.validate(document) == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    st.sampled_from(schemas.KINDS),
    st.dictionaries(st.sampled_from(["metadata", "spec", "data", "x"]), VALUES),
)
def test_any_object_is_accepted_or_told(kind: str, rest: Document) -> None:
    version, _, word = kind.rpartition("/")
    found = schemas.validate({"apiVersion": version, "kind": word, **rest})
    assert all(detail.problem and detail.remedy for detail in found)


def test_importing_the_schemas_loads_no_validator() -> None:
    code = "import sys; from renderer.core import schemas; print('jsonschema_rs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
