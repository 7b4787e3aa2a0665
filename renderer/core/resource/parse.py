"""From a document to a `SampleDB`, or to every reason why it can't be one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import (
    API_VERSION,
    APPROVE_ANNOTATION,
    CONFIRM_ANNOTATION,
    KIND,
    NAME_LIMIT,
)
from renderer.core.resource import explain, formats, unsupported
from renderer.core.resource.sampledb import SampleDB
from renderer.core.resource.spec import Spec

_NAME = re.compile(formats.NAME.pattern[1:-1])
_NAMESPACE = re.compile(formats.ENGINE.pattern[1:-1])
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")


def parse(document: Mapping[str, object], *, default_namespace: str = "") -> SampleDB:
    """Return the SampleDB that a document describes, its defaults filled in.

    `default_namespace` stands in for a missing `metadata.namespace`. Raises
    `InvalidError` with one detail for each thing that is wrong, all at once.
    """
    details = list(_envelope(document))
    metadata = document.get("metadata")
    details += _metadata(metadata, default_namespace)
    raw = document.get("spec")
    spec, wrong = _spec(raw)
    details += wrong
    if isinstance(raw, Mapping):
        named = {detail.field for detail in details}
        details += [one for one in unsupported.problems(raw) if one.field not in named]
    if details or spec is None or not isinstance(metadata, Mapping):
        raise InvalidError(*details)
    return SampleDB(
        namespace=_text(metadata, "namespace") or default_namespace,
        name=_text(metadata, "name"),
        uid=_text(metadata, "uid"),
        generation=_number(metadata, "generation"),
        deleting=metadata.get("deletionTimestamp") is not None,
        deleted_at=_text(metadata, "deletionTimestamp"),
        finalizers=_texts(metadata, "finalizers"),
        confirmed_restore=_annotation(metadata, CONFIRM_ANNOTATION),
        approved=_annotation(metadata, APPROVE_ANNOTATION),
        spec=spec,
    )


@cache
def _adapter() -> TypeAdapter[Spec]:
    return TypeAdapter(Spec)


def _envelope(document: Mapping[str, object]) -> Iterator[Detail]:
    for name, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if document.get(name) != expected:
            yield Detail(
                field=name,
                problem=f"must be {expected}",
                value=explain.shown(document[name]) if name in document else "",
                remedy=f"write {name}: {expected}",
            )
    for name in document:
        if name not in _TOP:
            yield Detail(
                field=str(name),
                problem="is not a field of SampleDB",
                remedy=explain.suggest(str(name), _TOP),
            )


def _metadata(metadata: object, default_namespace: str) -> Iterator[Detail]:
    if metadata is not None and not isinstance(metadata, Mapping):
        yield Detail(
            field="metadata",
            problem="must be a mapping",
            value=explain.shown(metadata),
            remedy="write name and namespace below it",
        )
        return
    given = metadata or {}
    yield from _name(given.get("name"))
    yield from _namespace(given.get("namespace") or default_namespace)


def _name(name: object) -> Iterator[Detail]:
    field = "metadata.name"
    if name in {None, ""}:
        yield Detail(field=field, problem="is required", remedy="add it, for example name: orders")
    elif not isinstance(name, str):
        yield Detail(
            field=field,
            problem="must be a string",
            value=explain.shown(name),
            remedy=f'write it as a quoted string "{name}"',
        )
    elif len(name) > NAME_LIMIT:
        yield Detail(
            field=field,
            problem=f"must be at most {NAME_LIMIT} characters, is {len(name)}",
            value=explain.shown(name),
            remedy="shorten it: the names of its Jobs and Pods are made from it",
        )
    elif not _NAME.fullmatch(name):
        yield Detail(
            field=field,
            problem=formats.NAME.message,
            value=explain.shown(name),
            remedy=f"write it like {formats.NAME.example}",
        )


def _namespace(namespace: object) -> Iterator[Detail]:
    field = "metadata.namespace"
    if not namespace:
        yield Detail(
            field=field, problem="is required", remedy="add it, or give a default with --namespace"
        )
    elif not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        yield Detail(
            field=field,
            problem="must be a namespace: at most 63 of a-z, 0-9 and '-'",
            value=explain.shown(namespace),
            remedy="write it like team-a",
        )


def _spec(raw: object) -> tuple[Spec | None, list[Detail]]:
    """The parsed spec, or what is wrong with it."""
    if raw is None:
        remedy = "add it with engine, version and storage.size"
        return None, [Detail(field="spec", problem="is required", remedy=remedy)]
    try:
        return _validate(raw), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    if any(_is_null(one) for one in errors):
        return _spec(_without_nulls(raw, errors))
    known = explain.tree(Spec)
    return None, [
        detail for one in errors for detail in explain.explain(one, root="spec", tree=known)
    ]


def _validate(raw: object) -> Spec:
    return _adapter().validate_python(raw, by_alias=True, by_name=False)


def _is_null(error: ErrorDetails) -> bool:
    """Whether a field of ours was written as null, which the API server reads as absent."""
    where = error["loc"]
    return (
        error["type"] != "missing"
        and error["input"] is None
        and bool(where)
        and isinstance(where[-1], str)
        and where[-1] in explain.siblings(where, explain.tree(Spec))
    )


def _without_nulls(raw: object, errors: list[ErrorDetails]) -> object:
    nulls = {error["loc"] for error in errors if _is_null(error)}
    return _copy(raw, (), nulls)


def _copy(value: object, where: explain.Location, nulls: set[explain.Location]) -> object:
    if isinstance(value, dict):
        return {
            key: _copy(item, (*where, key), nulls)
            for key, item in value.items()
            if (*where, key) not in nulls
        }
    if isinstance(value, list):
        return [_copy(item, (*where, index), nulls) for index, item in enumerate(value)]
    return value


def _text(metadata: Mapping[str, object], name: str) -> str:
    value = metadata.get(name)
    return value if isinstance(value, str) else ""


def _annotation(metadata: Mapping[str, object], name: str) -> str:
    found = metadata.get("annotations")
    return _text(found, name) if isinstance(found, Mapping) else ""


def _number(metadata: Mapping[str, object], name: str) -> int:
    value = metadata.get(name)
    return value if isinstance(value, int) else 0


def _texts(metadata: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = metadata.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
