"""The built-in resources: the few defaults that clients rely on, and what must not change.

Fields are not checked against a schema and not defaulted beyond what stands here.
Texts: k8s.io/kubernetes/pkg/apis/{core,apps,batch}/validation.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from renderer.local.api import errors, immutable

if TYPE_CHECKING:
    from renderer.local.api.errors import Cause, Object
    from renderer.local.api.resources import ResourceType
    from renderer.local.api.writes import Write

_PHASES = {
    "namespaces": "Active",
    "pods": "Pending",
    "persistentvolumeclaims": "Pending",
    "persistentvolumes": "Available",
}
_JOB_LABELS = ("batch.kubernetes.io/job-name", "job-name")
_UID_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")


class BuiltIn:
    """The strategy of a resource that Kubernetes itself defines."""

    def __init__(self, resource: ResourceType) -> None:
        """Everything depends on the resource's key."""
        self._resource = resource
        self._addresses = 0

    def prepare(self, new: Object, old: Object | None, how: Write) -> None:
        """Fill in what the server fills in; 400 for a Secret that isn't base64."""
        del how
        key = self._resource.key
        if key == "secrets":
            _encode_secret(self._resource, new)
        elif key == "services":
            self._address(new, old)
        elif key == "jobs.batch" and old is None:
            _label_job(new)
        if old is None and key in _PHASES:
            new["status"] = {"phase": _PHASES[key]}
        if old is None and key == "namespaces":
            _fill_namespace(new)

    def problems(self, new: Object, old: Object | None) -> list[Cause]:
        """What must not change."""
        return [] if old is None else immutable.problems(self._resource.key, new, old)

    def _address(self, new: Object, old: Object | None) -> None:
        """Give a Service a cluster address, and let it keep the one it has."""
        spec = new.setdefault("spec", {})
        if spec.setdefault("type", "ClusterIP") == "ExternalName" or spec.get("clusterIP"):
            return
        address = ((old or {}).get("spec") or {}).get("clusterIP")
        if not address:
            self._addresses += 1
            address = f"10.96.{self._addresses // 250}.{self._addresses % 250 + 1}"
        spec["clusterIP"], spec["clusterIPs"] = address, [address]


def _encode_secret(resource: ResourceType, value: Object) -> None:
    plain = value.pop("stringData", None) or {}
    if plain:
        value["data"] = (value.get("data") or {}) | {
            key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()
        }
    value.setdefault("type", "Opaque")
    for text in (value.get("data") or {}).values():
        try:
            base64.b64decode(text or "", validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            message = (
                f'{resource.kind} in version "v1" cannot be handled as a {resource.kind}: '
                "illegal base64 data at input byte 0"
            )
            raise errors.bad_request(message) from error


def _label_job(value: Object) -> None:
    """The selector of a Job's Pods, by its uid, as the real server generates it."""
    spec = value.get("spec") or {}
    if spec.get("manualSelector"):
        return
    head, template = value["metadata"], spec.setdefault("template", {})
    generated = dict.fromkeys(_UID_LABELS, head["uid"])
    generated |= dict.fromkeys(_JOB_LABELS, head.get("name", ""))
    inner = template.setdefault("metadata", {})
    inner["labels"] = (inner.get("labels") or {}) | generated
    spec["selector"] = {"matchLabels": {_UID_LABELS[0]: head["uid"]}}
    value["spec"] = spec


def _fill_namespace(value: Object) -> None:
    head = value["metadata"]
    name = {"kubernetes.io/metadata.name": head.get("name", "")}
    head["labels"] = (head.get("labels") or {}) | name
    value.setdefault("spec", {"finalizers": ["kubernetes"]})
