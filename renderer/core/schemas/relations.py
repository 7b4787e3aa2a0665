"""Checks between fields of one object, which a schema can't say.

Source: k8s.io/kubernetes/pkg/apis/{core,apps,batch,policy}/validation. Every check gets
an object that has passed the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from renderer.core import fields
from renderer.core.errors import Detail, InvalidError
from renderer.core.resource import cron, quantity


def problems(document: Mapping[str, Any]) -> Iterator[Detail]:
    """Yield what is wrong between the fields of an object."""
    for check in _CHECKS.get(document["kind"], ()):
        yield from check(document.get("spec") or {})


def _stateful_set(spec: Mapping[str, Any]) -> Iterator[Detail]:
    template = spec["template"]
    wanted = spec["selector"].get("matchLabels") or {}
    given = (template.get("metadata") or {}).get("labels") or {}
    for name, value in wanted.items():
        if given.get(name) != value:
            yield _wrong(
                fields.path_of("spec", "template", "metadata", "labels", name),
                given.get(name, ""),
                "must be what spec.selector.matchLabels says",
                f"write {value!r}",
            )
    claims = spec.get("volumeClaimTemplates") or []
    names = {claim["metadata"].get("name") for claim in claims if "metadata" in claim}
    yield from _pod(template.get("spec") or {}, "spec.template.spec", names)
    yield from _restart(template.get("spec") or {}, "spec.template.spec", {None, "Always"})


def _job(spec: Mapping[str, Any], path: str = "spec") -> Iterator[Detail]:
    pod = spec["template"].get("spec") or {}
    where = f"{path}.template.spec"
    yield from _pod(pod, where, set())
    yield from _restart(pod, where, {"OnFailure", "Never"})


def _cron_job(spec: Mapping[str, Any]) -> Iterator[Detail]:
    schedule = spec["schedule"]
    found = cron.problem(schedule)
    if found:
        yield _wrong("spec.schedule", schedule, found, "correct it")
    yield from _job(spec["jobTemplate"].get("spec") or {"template": {}}, "spec.jobTemplate.spec")


def _restart(pod: Mapping[str, Any], path: str, allowed: set[str | None]) -> Iterator[Detail]:
    policy = pod.get("restartPolicy")
    if policy not in allowed:
        known = sorted(word for word in allowed if word)
        yield _wrong(
            f"{path}.restartPolicy",
            policy or "",
            f"must be {' or '.join(known)} here",
            f"write {known[0]}",
        )


def _pod(pod: Mapping[str, Any], path: str, claims: Iterable[str | None]) -> Iterator[Detail]:
    """Check containers and volumes of a Pod spec; `claims` are volumes from elsewhere."""
    volumes = pod.get("volumes") or []
    yield from _twice(volumes, f"{path}.volumes", "name")
    known = {volume["name"] for volume in volumes} | set(claims)
    everything: list[Mapping[str, Any]] = []
    for group in ("initContainers", "containers"):
        for index, container in enumerate(pod.get(group) or []):
            where = fields.child(f"{path}.{group}", index)
            if any(other["name"] == container["name"] for other in everything):
                yield _twin(where, "name", container["name"])
            everything.append(container)
            yield from _container(container, where, known)


def _container(
    container: Mapping[str, Any], path: str, volumes: set[str | None]
) -> Iterator[Detail]:
    yield from _twice(container.get("env") or [], f"{path}.env", "name")
    yield from _twice(container.get("ports") or [], f"{path}.ports", "name")
    mounts = container.get("volumeMounts") or []
    yield from _twice(mounts, f"{path}.volumeMounts", "mountPath")
    for index, mount in enumerate(mounts):
        if mount["name"] not in volumes:
            yield _wrong(
                f"{path}.volumeMounts[{index}].name",
                mount["name"],
                "there is no volume of this name",
                "add it to the Pod's volumes, or correct the name",
            )
    yield from _amounts(container.get("resources") or {}, f"{path}.resources")


def _amounts(resources: Mapping[str, Any], path: str) -> Iterator[Detail]:
    """A request above its limit is refused by the API server."""
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is None or limit == amount:
            continue
        try:
            above = quantity.parse(amount) > quantity.parse(limit)
        except InvalidError:  # pragma: no cover - the schema has checked both
            continue
        if above:
            yield _wrong(
                fields.child(f"{path}.requests", name),
                amount,
                f"is above the limit {limit}",
                "lower the request or raise the limit",
            )


def _budget(spec: Mapping[str, Any]) -> Iterator[Detail]:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield _wrong(
            "spec.maxUnavailable",
            spec["maxUnavailable"],
            "can't stand beside spec.minAvailable",
            "keep one of them",
        )


def _service(spec: Mapping[str, Any]) -> Iterator[Detail]:
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield Detail(problem="needs at least one port", field="spec.ports", remedy="add it")
    yield from _twice(ports, "spec.ports", "name")
    if len(ports) > 1:
        for index, port in enumerate(ports):
            if not port.get("name"):
                field = f"spec.ports[{index}].name"
                yield Detail(problem="is required for several ports", field=field, remedy="add it")


def _twice(items: Iterable[Mapping[str, Any]], path: str, field: str) -> Iterator[Detail]:
    """Find two items of a list with the same key: server-side apply refuses them."""
    seen: set[object] = set()
    for index, item in enumerate(items):
        value = item.get(field)
        if value is None:
            continue
        if value in seen:
            yield _twin(fields.child(path, index), field, value)
        seen.add(value)


def _twin(path: str, field: str, value: object) -> Detail:
    return _wrong(f"{path}.{field}", value, "is given twice", "remove or rename one of the two")


def _wrong(field: str, value: object, problem: str, remedy: str) -> Detail:
    return Detail(problem=problem, field=field, value=repr(value) if value else "", remedy=remedy)


_CHECKS: dict[str, tuple[Callable[[Mapping[str, Any]], Iterator[Detail]], ...]] = {
    "CronJob": (_cron_job,),
    "Job": (_job,),
    "PodDisruptionBudget": (_budget,),
    "Service": (_service,),
    "StatefulSet": (_stateful_set,),
}
