"""CustomResourceDefinitions: checked, then served.

Rules and texts: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderer.local.api import structural
from renderer.local.api.custom import CustomResource
from renderer.local.api.errors import Cause
from renderer.local.api.resources import ResourceType
from renderer.local.api.rules import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from renderer.local.api.errors import Object
    from renderer.local.api.writes import Write

_ESTABLISHED = "the initial names have been accepted"
KEY = "customresourcedefinitions.apiextensions.k8s.io"


class Definition:
    """The strategy of CustomResourceDefinitions themselves."""

    def prepare(self, new: Object, old: Object | None, how: Write) -> None:
        """Fill in names, and say that they are accepted (nothing else claims them here)."""
        del how
        spec = new.setdefault("spec", {})
        names = spec.setdefault("names", {})
        kind = names.get("kind", "")
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")
        spec.setdefault("conversion", {"strategy": "None"})
        versions = spec.get("versions") or ()
        stored = [version["name"] for version in versions if version.get("storage")]
        since = (old or new)["metadata"].get("creationTimestamp")
        new["status"] = {
            "conditions": [
                _condition("NamesAccepted", "NoConflicts", "no conflicts found", since),
                _condition("Established", "InitialNamesAccepted", _ESTABLISHED, since),
            ],
            "acceptedNames": dict(names),
            "storedVersions": stored,
        }

    def problems(self, new: Object, old: Object | None) -> list[Cause]:
        """Name, versions, schema and rules."""
        del old
        return list(_problems(new))


def resource_of(definition: Object) -> ResourceType:
    """What a definition asks to be served: its storage version."""
    spec, names = definition["spec"], definition["spec"]["names"]
    version = _storage_version(definition)
    return ResourceType(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names["singular"],
        list_kind=names["listKind"],
        namespaced=spec["scope"] == "Namespaced",
        generation=True,
        status="status" in (version.get("subresources") or {}),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        selectable=tuple(
            field["jsonPath"].removeprefix(".") for field in version.get("selectableFields") or ()
        ),
        custom=version,
    )


def strategy_of(definition: Object) -> CustomResource:
    """How its objects are written; raises `RuleError`."""
    schema = _storage_version(definition)["schema"]["openAPIV3Schema"]
    return CustomResource(resource_of(definition), schema)


def _storage_version(definition: Object) -> Object:
    found: Object = next(one for one in definition["spec"]["versions"] if one.get("storage"))
    return found


def _condition(kind: str, reason: str, message: str, since: str | None) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
    }


def _problems(value: Object) -> Iterator[Cause]:
    spec = value["spec"]
    missing = [field for field in ("group", "scope", "versions") if not spec.get(field)]
    for field in missing:
        yield _required(f"spec.{field}")
    for field in ("kind", "plural"):
        if not spec["names"].get(field):
            yield _required(f"spec.names.{field}")
            missing.append(field)
    if missing:
        return
    wanted = f"{spec['names']['plural']}.{spec['group']}"
    if value["metadata"].get("name") != wanted:
        given = value["metadata"].get("name")
        why = 'must be spec.names.plural+"."+spec.group'
        yield Cause(field="metadata.name", message=f'Invalid value: "{given}": {why}')
    stored = [version for version in spec["versions"] if version.get("storage")]
    if len(stored) != 1:
        why = "must have exactly one version marked as storage version"
        yield Cause(field="spec.versions", message=f'Invalid value: "array": {why}')
        return
    yield from _schema_problems(value)


def _schema_problems(value: Object) -> Iterator[Cause]:
    field = "spec.versions[0].schema.openAPIV3Schema"
    schema = (_storage_version(value).get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        yield _required(field)
        return
    found = list(structural.faults(schema, field))
    for place, message in found:
        yield Cause(field=place, message=message, reason="FieldValueRequired")
    if found:
        return
    try:
        strategy_of(value)
    except RuleError as error:
        message = f"Invalid value: {error}"
        yield Cause(field=f"{field}.x-kubernetes-validations", message=message)
    except ValueError as error:  # a schema that isn't one (a broken pattern, a wrong type)
        yield Cause(field=field, message=f"Invalid value: {error}")


def _required(field: str) -> Cause:
    return Cause(field=field, message="Required value", reason="FieldValueRequired")
