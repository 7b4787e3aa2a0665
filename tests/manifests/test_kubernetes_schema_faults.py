"""One wrong field of each kind, and the words for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renderer.core import schemas
from renderer.core.layout import Role

Document = dict[str, Any]
Give = Callable[[Role], Document]
Spoil = Callable[[Document], object]


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
