"""What a pack's documents must keep beyond what the gate before each commit refuses.

The gate (`renderer.core.manifests`) protects the repository. These rules tell a
pack's author what would not work, or not be safe, in the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.core import manifests
from renderer.core.errors import Detail
from renderer.core.layout import DATA_CLAIMS, NAME_LABEL, ROLE_LABEL, Key, Role, labels

Object = Mapping[str, Any]

PROTECTION: Mapping[str, tuple[str, ...]] = {
    "argocd.argoproj.io/sync-options": ("Prune=false", "Delete=false"),
    "argocd.argoproj.io/compare-options": ("IgnoreExtraneous",),
    "kustomize.toolkit.fluxcd.io/prune": ("disabled",),
}
SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
_RESTRICTED = "restricted Pod Security asks for it"
_LABELS_WAY = "write labels: {{ labels }}"


def broken(
    role: Role, document: Object, *, key: Key, engine: str, protect: bool
) -> Iterator[Detail]:
    """Yield each rule that a document, as its template gave it, breaks."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        yield Detail(field="metadata", problem="must be a mapping", remedy="give it a name")
        return
    wanted = labels(key, role, engine)
    if metadata.get("namespace") != key.namespace:
        yield _must("metadata.namespace", "be the SampleDB's", "write {{ db.namespace }}")
    yield from _labels("metadata.labels", metadata, wanted)
    pod = manifests.template_of(document)
    if pod is not None:
        yield from _labels("template.metadata.labels", pod.get("metadata") or {}, wanted)
        yield from _pod(pod.get("spec") or {})
        yield from _container_rules(pod.get("spec") or {})
    yield from _of_kind(document, metadata.get("annotations") or {}, key)
    yield from _protected(role, metadata.get("annotations") or {}, protect=protect)


def _must(field: str, what: str, remedy: str) -> Detail:
    return Detail(field=field, problem=f"must {what}", remedy=remedy)


def _labels(field: str, metadata: Object, wanted: Object) -> Iterator[Detail]:
    found = metadata.get("labels") or {}
    for name, value in wanted.items():
        if found.get(name) != value:
            yield _must(f"{field}[{name}]", f"be {value}", _LABELS_WAY)


def _of_kind(document: Object, annotations: Object, key: Key) -> Iterator[Detail]:
    kind, spec = document.get("kind"), document.get("spec") or {}
    if kind == "ConfigMap" and annotations.get(SUBSTITUTE) != "disabled":
        field = f"metadata.annotations[{SUBSTITUTE}]"
        yield _must(field, "be disabled: Flux would expand variables in the text", "write it")
    if kind == "StatefulSet":
        wanted = {NAME_LABEL: key.name, ROLE_LABEL: Role.SERVER.value}
        if (spec.get("selector") or {}).get("matchLabels") != wanted:
            yield _must("spec.selector.matchLabels", "select the server", "write {{ selector }}")
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if kind in {"Job", "CronJob"} and "backoffLimit" not in spec:
        yield _must("backoffLimit", "be set in a Job: six tries are too many", "write a number")


def _pod(spec: Object) -> Iterator[Detail]:
    """Pod Security Standards, level restricted: what holds for the Pod."""
    security = spec.get("securityContext") or {}
    if spec.get("automountServiceAccountToken") is not False:
        yield _must("automountServiceAccountToken", "be false", "a database needs no API token")
    if security.get("runAsNonRoot") is not True:
        yield _must("securityContext.runAsNonRoot", "be true", _RESTRICTED)
    if (security.get("seccompProfile") or {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield _must("securityContext.seccompProfile.type", "be RuntimeDefault", _RESTRICTED)
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield _must(name, "not be set", _RESTRICTED)
    for volume in spec.get("volumes") or ():
        if "hostPath" in volume:
            yield _must(f"volumes[{volume.get('name')}]", "not be a hostPath", _RESTRICTED)


def _container_rules(spec: Object) -> Iterator[Detail]:
    for part in ("initContainers", "containers"):
        for container in spec.get(part) or ():
            yield from _container(f"{part}[{container.get('name')}]", container)


def _container(where: str, container: Object) -> Iterator[Detail]:
    security = container.get("securityContext") or {}
    field = f"{where}.securityContext"
    if security.get("allowPrivilegeEscalation") is not False:
        yield _must(f"{field}.allowPrivilegeEscalation", "be false", _RESTRICTED)
    if (security.get("capabilities") or {}).get("drop") != ["ALL"]:
        yield _must(f"{field}.capabilities.drop", 'be ["ALL"]', _RESTRICTED)
    if security.get("privileged"):
        yield _must(f"{field}.privileged", "not be true", _RESTRICTED)
    for variable in container.get("env") or ():
        if "PASSWORD" in variable.get("name", "") and variable.get("value"):
            field = f"{where}.env[{variable['name']}]"
            yield _must(field, "not hold a password in plain text", "use valueFrom.secretKeyRef")


def _protected(role: Role, annotations: Object, *, protect: bool) -> Iterator[Detail]:
    """Claims with data are pruned by nobody, until the controller lifts it (traps 7 and 8)."""
    of_data = role in DATA_CLAIMS
    wanted = role is Role.BACKUPS or (of_data and protect)
    unwanted = of_data and not protect
    for name, options in PROTECTION.items():
        found = set(str(annotations.get(name, "")).split(","))
        field = f"metadata.annotations[{name}]"
        if wanted and not set(options) <= found:
            yield _must(field, f"have {','.join(options)}", "the claim holds data")
        if unwanted and set(options) & found:
            yield _must(
                field, "not protect the claim when protect is false", "use {% if protect %}"
            )
