"""What an update of a built-in resource must not change.

Texts: k8s.io/kubernetes/pkg/apis/{core,apps,batch}/validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from renderer.local.api.errors import Cause
from renderer.local.api.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from renderer.local.api.errors import Object

_SET_MAY_CHANGE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_SET_DEFAULTS: Object = {"podManagementPolicy": "OrderedReady", "serviceName": ""}
_SET_TEXT = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)
_CLAIM_TEXT = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)
_FORBIDDEN = "FieldValueForbidden"


def problems(key: str, new: Object, old: Object) -> list[Cause]:
    """What this update changes and must not."""
    check = _CHECKS.get(key)
    return [] if check is None else check(new, old)


def _stateful_set(new: Object, old: Object) -> list[Cause]:
    if _fixed(new) == _fixed(old):
        return []
    return [Cause(field="spec", message=f"Forbidden: {_SET_TEXT}", reason=_FORBIDDEN)]


def _fixed(value: Object) -> Object:
    spec = {**_SET_DEFAULTS, **(value.get("spec") or {})}
    return {name: item for name, item in spec.items() if name not in _SET_MAY_CHANGE}


def _job(new: Object, old: Object) -> list[Cause]:
    found = []
    for name, shown in (
        ("completions", ""),
        ("selector", "v1.LabelSelector{}"),
        ("template", "core.PodTemplateSpec{}"),
        ("completionMode", ""),
    ):
        value = (new.get("spec") or {}).get(name)
        if value != (old.get("spec") or {}).get(name):
            message = f"Invalid value: {shown or value}: field is immutable"
            found.append(Cause(field=f"spec.{name}", message=message))
    return found


def _claim(new: Object, old: Object) -> list[Cause]:
    after, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    if not before.get("volumeName"):
        before.pop("volumeName", None)
        before |= {"volumeName": after["volumeName"]} if "volumeName" in after else {}
    if before.get("storageClassName") is None and "storageClassName" in after:
        before["storageClassName"] = after["storageClassName"]
    sizes = _size(after), _size(before)
    bound = (old.get("status") or {}).get("phase") == "Bound"
    if bound:
        after["resources"] = before["resources"] = None
    if after != before:
        return [Cause(field="spec", message=f"Forbidden: {_CLAIM_TEXT}", reason=_FORBIDDEN)]
    if sizes[0] < sizes[1]:
        text = "Forbidden: field can not be less than status.capacity"
        return [Cause(field="spec.resources.requests.storage", message=text, reason=_FORBIDDEN)]
    return []


def _size(spec: Object) -> Any:  # noqa: ANN401  # a Decimal; comparable is all that is needed
    requests = (spec.get("resources") or {}).get("requests") or {}
    return Quantity(str(requests.get("storage", "0"))).value


def _sealed(new: Object, old: Object) -> list[Cause]:
    found = []
    if old.get("immutable"):
        for name in ("data", "binaryData", "immutable"):
            if new.get(name) != old.get(name):
                text = "Forbidden: field is immutable when `immutable` is set"
                found.append(Cause(field=name, message=text, reason=_FORBIDDEN))
    if new.get("type") != old.get("type"):
        message = f'Invalid value: "{new.get("type")}": field is immutable'
        found.append(Cause(field="type", message=message))
    return found


def _service(new: Object, old: Object) -> list[Cause]:
    after, before = new["spec"].get("clusterIP"), (old.get("spec") or {}).get("clusterIP")
    if after == before or not before or new["spec"].get("type") == "ExternalName":
        return []
    message = f'Invalid value: ["{after}"]: may not change once set'
    return [Cause(field="spec.clusterIPs[0]", message=message)]


def _snapshot(new: Object, old: Object) -> list[Cause]:
    name = "persistentVolumeClaimName"
    after, before = (
        ((thing.get("spec") or {}).get("source") or {}).get(name) for thing in (new, old)
    )
    if after == before:
        return []
    message = f'Invalid value: "string": {name} is immutable'
    return [Cause(field=f"spec.source.{name}", message=message)]


_CHECKS: dict[str, Callable[[Object, Object], list[Cause]]] = {
    "configmaps": _sealed,
    "jobs.batch": _job,
    "persistentvolumeclaims": _claim,
    "secrets": _sealed,
    "services": _service,
    "statefulsets.apps": _stateful_set,
    "volumesnapshots.snapshot.storage.k8s.io": _snapshot,
}
