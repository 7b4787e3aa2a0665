"""One object against the vendored schema: is it one that the API server would take?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from renderer.core import fields
from renderer.core.errors import Detail
from renderer.core.schemas import relations, words

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

KINDS = (
    "v1/ConfigMap",
    "v1/PersistentVolumeClaim",
    "v1/Service",
    "v1/ServiceAccount",
    "apps/v1/StatefulSet",
    "batch/v1/CronJob",
    "batch/v1/Job",
    "networking.k8s.io/v1/NetworkPolicy",
    "policy/v1/PodDisruptionBudget",
    "snapshot.storage.k8s.io/v1/VolumeSnapshot",
)
"""What can be validated: `apiVersion/kind`."""

_FILE = Path(__file__).with_name("kubernetes.json")


def validate(document: Mapping[str, Any], *, source: str = "") -> tuple[Detail, ...]:
    """Return everything that is wrong with an object; nothing when it is fine.

    A detail's field is `source: path` (`statefulset.yaml: spec.replicas`), or the bare
    path when `source` is empty.
    """
    kind = f"{document.get('apiVersion')}/{document.get('kind')}"
    if kind not in KINDS:
        found: tuple[Detail, ...] = (_unknown(kind),)
    elif _validator(kind).is_valid(document):
        found = tuple(relations.problems(document))
    else:
        found = tuple(_errors(kind, document))
    if not source or not found:
        return found
    return tuple(
        Detail(
            problem=detail.problem,
            field=f"{source}: {detail.field}" if detail.field else source,
            value=detail.value,
            remedy=detail.remedy,
        )
        for detail in found
    )


def _unknown(kind: str) -> Detail:
    return Detail(
        problem="is not one of the kinds that are rendered",
        field="kind",
        value=repr(kind),
        remedy=f"use one of {', '.join(KINDS)}",
    )


def _errors(kind: str, document: Mapping[str, Any]) -> Iterator[Detail]:
    """Yield the first error of each field: a second one only says it in other words."""
    seen: set[str] = set()
    for error in _validator(kind).iter_errors(document):
        for detail in _details(kind, error):
            if detail.field not in seen:
                seen.add(detail.field)
                yield detail


def _details(kind: str, error: ValidationError) -> Iterator[Detail]:
    path = fields.path_of(*error.instance_path)
    schema = _schema_at(kind, error.schema_path[:-1])
    name = error.kind.name
    facts = error.kind.as_dict()
    if name == "additionalProperties":
        for unexpected in facts["unexpected"]:
            yield words.unknown_field(fields.child(path, unexpected), schema)
    elif name == "required":
        yield words.missing(fields.child(path, facts["property"]))
    elif name == "propertyNames":
        key = facts["error"].instance
        yield words.explain("pattern", {}, schema, fields.child(path, key), key)
    else:
        yield words.explain(name, facts, schema, path, error.instance)


@cache
def _schema() -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(_FILE.read_bytes())
    return loaded


@cache
def _root(kind: str) -> dict[str, Any]:
    schema = _schema()
    return {"$defs": schema["$defs"], **schema["kinds"][kind]}


@cache
def _validator(kind: str) -> Draft202012Validator:
    # Imported here: commands that validate nothing shall not pay for it.
    import jsonschema_rs  # noqa: PLC0415 - see above

    # RegexOptions: the engine without backtracking, so no value can slow it down.
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator(_root(kind), pattern_options=options)


def _schema_at(kind: str, path: list[str | int]) -> dict[str, Any]:
    found: Any = _root(kind)
    for part in path:
        found = found[part]
    return found if isinstance(found, dict) else {}
