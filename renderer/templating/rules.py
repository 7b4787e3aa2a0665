"""What every rendered document must keep, whatever the pack (design: traps of the appliers)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.core.errors import Detail
from renderer.core.layout import NAME_LABEL, ROLE_LABEL, Key, Role, labels

Found = Mapping[str, Any]

KINDS: Mapping[Role, tuple[str, str]] = {
    Role.SERVICE_ACCOUNT: ("v1", "ServiceAccount"),
    Role.CONFIG: ("v1", "ConfigMap"),
    Role.SCRIPTS: ("v1", "ConfigMap"),
    Role.CONNECTION: ("v1", "ConfigMap"),
    Role.SERVICE: ("v1", "Service"),
    Role.DATA: ("v1", "PersistentVolumeClaim"),
    Role.BACKUPS: ("v1", "PersistentVolumeClaim"),
    Role.SERVER: ("apps/v1", "StatefulSet"),
    Role.NETWORK: ("networking.k8s.io/v1", "NetworkPolicy"),
    Role.DISRUPTION: ("policy/v1", "PodDisruptionBudget"),
    Role.INIT: ("batch/v1", "Job"),
    Role.BACKUP: ("batch/v1", "CronJob"),
    Role.FINAL_BACKUP: ("batch/v1", "Job"),
}
PROTECTION: Mapping[str, tuple[str, ...]] = {
    "argocd.argoproj.io/sync-options": ("Prune=false", "Delete=false"),
    "argocd.argoproj.io/compare-options": ("IgnoreExtraneous",),
    "kustomize.toolkit.fluxcd.io/prune": ("disabled",),
}
SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
_ORDERING = ("argocd.argoproj.io/hook", "argocd.argoproj.io/sync-wave", "helm.sh/hook")
_CONTAINERS = ("initContainers", "containers")


def broken(role: Role, document: Found, *, key: Key, engine: str, protect: bool) -> Iterator[Found]:
    """Yield `{field, problem, remedy}` for each rule that `document` breaks."""
    expected = KINDS[role]
    found = (document.get("apiVersion"), document.get("kind"))
    if found != expected:
        yield _fault("kind", f"must be {' '.join(expected)}, is {found[0]} {found[1]}")
        return
    yield from _metadata(document, labels(key, role, engine), key)
    pod = pod_template(document)
    if role is Role.SERVER:
        yield from _selector(document["spec"].get("selector"), key)
    if pod is not None:
        yield from _pod(pod, labels(key, role, engine))
    if expected[1] in {"Job", "CronJob"}:
        yield from _job(document)
    if role is Role.BACKUPS or (role is Role.DATA and protect):
        yield from _protection(document)
    if role is Role.DATA and not protect:
        yield from _no_protection(document)
    if expected[1] == "ConfigMap" and _annotations(document).get(SUBSTITUTE) != "disabled":
        yield _fault(f"metadata.annotations[{SUBSTITUTE}]", "must be disabled: Flux would expand $")


def detail(template: str, fault: Found) -> Detail:
    """A broken rule as a `Detail` that names the template."""
    remedy = fault["remedy"] or "correct the template"
    return Detail(field=f"{template}: {fault['field']}", problem=fault["problem"], remedy=remedy)


def pod_template(document: Found) -> dict[str, Any] | None:
    """The Pod template of a StatefulSet, Job or CronJob."""
    spec: Any = document.get("spec") or {}
    if document.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    template = spec.get("template")
    return template if isinstance(template, dict) else None


def _fault(field: str, problem: str, remedy: str = "") -> Found:
    return {"field": field, "problem": problem, "remedy": remedy}


def _annotations(document: Found) -> Found:
    found = document["metadata"].get("annotations")
    return found if isinstance(found, dict) else {}


def _metadata(document: Found, wanted: Found, key: Key) -> Iterator[Found]:
    metadata = document.get("metadata") or {}
    if metadata.get("namespace") != key.namespace:
        yield _fault("metadata.namespace", "must be {{ db.namespace }}")
    if not str(metadata.get("name", "")):
        yield _fault("metadata.name", "is required", "write one of {{ names }}")
    for name in ("generateName", "ownerReferences", "finalizers"):
        if name in metadata:
            yield _fault(f"metadata.{name}", "must not be set: appliers can't work with it")
    yield from _labels("metadata.labels", metadata, wanted)
    for name in _annotations(document):
        if name.startswith(_ORDERING):
            yield _fault(
                f"metadata.annotations[{name}]",
                "must not be set: the order of steps is the controller's",
            )


def _labels(field: str, metadata: Found, wanted: Found) -> Iterator[Found]:
    for name, value in wanted.items():
        if (metadata.get("labels") or {}).get(name) != value:
            yield _fault(f"{field}[{name}]", "is missing", "write labels: {{ labels }}")


def _selector(selector: object, key: Key) -> Iterator[Found]:
    wanted = {NAME_LABEL: key.name, ROLE_LABEL: Role.SERVER.value}
    if not isinstance(selector, dict) or selector.get("matchLabels") != wanted:
        yield _fault("spec.selector", "must be matchLabels: {{ selector }}")


def _pod(template: Found, wanted: Found) -> Iterator[Found]:
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    yield from _labels("template.metadata.labels", metadata, wanted)
    if spec.get("automountServiceAccountToken") is not False:
        yield _fault("automountServiceAccountToken", "must be false in the Pod template")
    yield from _restricted(spec)
    for part in _CONTAINERS:
        for container in spec.get(part) or ():
            yield from _container(container)


def _restricted(spec: Found) -> Iterator[Found]:
    """Pod Security Standards, level restricted: what holds for the Pod."""
    security = spec.get("securityContext") or {}
    if security.get("runAsNonRoot") is not True:
        yield _fault("securityContext.runAsNonRoot", "must be true (restricted Pod Security)")
    if (security.get("seccompProfile") or {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield _fault("securityContext.seccompProfile", "must be RuntimeDefault (restricted)")
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield _fault(name, "must not be set (restricted Pod Security)")
    for volume in spec.get("volumes") or ():
        if "hostPath" in volume:
            yield _fault(f"volume {volume.get('name')}", "must not be a hostPath (restricted)")


def _container(container: Found) -> Iterator[Found]:
    name = f"container {container.get('name')}"
    security = container.get("securityContext") or {}
    if security.get("allowPrivilegeEscalation") is not False:
        yield _fault(f"{name}: allowPrivilegeEscalation", "must be false (restricted)")
    if (security.get("capabilities") or {}).get("drop") != ["ALL"]:
        yield _fault(f"{name}: capabilities.drop", "must be [ALL] (restricted)")
    if security.get("privileged"):
        yield _fault(f"{name}: privileged", "must not be true (restricted)")
    for variable in container.get("env") or ():
        if "PASSWORD" in variable.get("name", "") and variable.get("value"):
            yield _fault(
                f"{name}: env {variable['name']}",
                "has a password in plain text",
                "use valueFrom.secretKeyRef",
            )


def _job(document: Found) -> Iterator[Found]:
    spec = document["spec"]
    if document["kind"] == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if "ttlSecondsAfterFinished" in spec:
        yield _fault(
            "ttlSecondsAfterFinished", "must not be set: the applier would make the Job again"
        )
    if "backoffLimit" not in spec:
        yield _fault("backoffLimit", "is required in a Job")


def _protection(document: Found) -> Iterator[Found]:
    for name, options in PROTECTION.items():
        have = str(_annotations(document).get(name, "")).split(",")
        for option in options:
            if option not in have:
                yield _fault(
                    f"metadata.annotations[{name}]",
                    f"must have {option}: the claim holds data",
                )


def _no_protection(document: Found) -> Iterator[Found]:
    for name, options in PROTECTION.items():
        if set(options) & set(str(_annotations(document).get(name, "")).split(",")):
            yield _fault(
                f"metadata.annotations[{name}]",
                "must not protect the data claim when protect is false: it is being removed",
            )
