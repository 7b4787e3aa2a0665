"""One form for what templates write: names, labels, quantities, annotations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from renderer.core import fields
from renderer.core.errors import Detail, InvalidError, invalid
from renderer.core.layout import HASH_ANNOTATION, ROLE_LABEL, Key, Role, labels
from renderer.core.manifests.hashes import annotated, content_hash, template_of, template_path
from renderer.core.resource import quantity

Document = dict[str, Any]
"""A Kubernetes object as plain values."""
_Path = tuple[str | int, ...]

_ROLES = {role.value: role for role in Role}
_HASH_LENGTH = 8
_TEXTS = frozenset({"annotations", "labels"})
_AMOUNTS = frozenset({"limits", "requests"})
_QUANTITIES = frozenset({"sizeLimit", "divisor"})
_VERBATIM = frozenset({"data", "binaryData"})
"""A ConfigMap's content is the user's own: nothing in it is a quantity."""


def title(document: Mapping[str, Any]) -> str:
    """Name a document in a message: its file (`statefulset.yaml`), else `Kind/name`."""
    role = role_of(document)
    if role is not None:
        return f"{role.value}.yaml"
    metadata = document.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    return f"{document.get('kind', 'document without a kind')}/{name}"


def role_of(document: Mapping[str, Any]) -> Role | None:
    """Read the role from the label `sampledb.dev/role`; None when it isn't one."""
    metadata = document.get("metadata")
    found = metadata.get("labels") if isinstance(metadata, dict) else None
    name = found.get(ROLE_LABEL) if isinstance(found, dict) else None
    return _ROLES.get(name) if isinstance(name, str) else None


def prepare(document: Mapping[str, Any], role: Role, key: Key, engine: str = "") -> Document:
    """Make one rendered document ready to be hashed; raises `InvalidError` as `normalise`."""
    return named_job(with_pod_stamp(normalise(document, role, key, engine)))


def normalise(document: Mapping[str, Any], role: Role, key: Key, engine: str = "") -> Document:
    """Return a copy in one form, which the API server would store unchanged.

    The namespace is set, our labels are there, quantities are canonical (gitops.md,
    trap 14), label and annotation values are strings, and null fields are left out
    (they mean absent, and would differ from what is stored). Raises `InvalidError` with
    the role's file, the field and its value.
    """
    source = f"{role.value}.yaml"
    if not isinstance(document.get("metadata"), dict):
        raise invalid("metadata must be a mapping", field=source, remedy="give it a name")
    normal: Document = _mapping(document, (), source)
    metadata = normal["metadata"]
    metadata.setdefault("namespace", key.namespace)
    if engine:
        written = metadata.get("labels")
        ours = labels(key, role, engine)
        metadata["labels"] = ours | written if isinstance(written, dict) else ours
    return normal


def with_pod_stamp(document: Mapping[str, Any]) -> Document:
    """Annotate the Pod template, if there is one, with its own content hash.

    A Pod that was made from it can so be told to be ours, and current.
    """
    template = template_of(document)
    if template is None:
        return dict(document)
    stamped = annotated(template, {HASH_ANNOTATION: content_hash(template)})
    return _put(document, template_path(document["kind"]), stamped)


def named_job(document: Mapping[str, Any]) -> Document:
    """Append `-<8 hex of its content>` to the name of a Job; others stay as they are.

    Job templates are immutable (gitops.md, trap 3): another content is another Job. A Job
    that is already named so stays.
    """
    if document.get("kind") != "Job":
        return dict(document)
    name = document["metadata"]["name"]
    base, _, suffix = name.rpartition("-")
    if (
        base
        and len(suffix) == _HASH_LENGTH
        and suffix == content_hash(_put(document, ("metadata", "name"), base))[:_HASH_LENGTH]
    ):
        return dict(document)
    suffix = content_hash(document)[:_HASH_LENGTH]
    return _put(document, ("metadata", "name"), f"{name}-{suffix}")


def _put(document: Mapping[str, Any], path: tuple[str, ...], value: object) -> Document:
    """Copy with the value at `path` replaced; what lies beside the path is shared."""
    first, *rest = path
    return {**document, first: _put(document[first], tuple(rest), value) if rest else value}


def _mapping(value: Mapping[str, Any], path: _Path, source: str) -> Document:
    normal: Document = {}
    for key, item in value.items():
        if isinstance(item, dict):
            normal[key] = _below(key, item, path, source)
        elif isinstance(item, list):
            normal[key] = _list(item, (*path, key), source)
        elif key in _QUANTITIES:
            normal[key] = _quantity(item, (*path, key), source)
        elif item is not None:
            normal[key] = item
    return normal


def _below(key: str, item: Mapping[str, Any], path: _Path, source: str) -> Document:
    """Normalise a mapping below `key`, by what its values are."""
    if key in _TEXTS:
        return {name: _text(text) for name, text in item.items() if text is not None}
    if key in _AMOUNTS and path[-1:] == ("resources",):
        return {
            name: _quantity(amount, (*path, key, name), source) for name, amount in item.items()
        }
    if not path and key in _VERBATIM:
        return dict(item)
    return _mapping(item, (*path, key), source)


def _list(value: list[Any], path: _Path, source: str) -> list[Any]:
    normal: list[Any] = []
    for index, item in enumerate(value):
        if isinstance(item, dict):
            normal.append(_mapping(item, (*path, index), source))
        elif isinstance(item, list):
            normal.append(_list(item, (*path, index), source))
        else:
            normal.append(item)
    return normal


def _text(value: object) -> object:
    """Write whole numbers and booleans of a label or an annotation as text.

    Floats stay, to be refused later: `1.10` has already lost its zero.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    """Cached: a few sizes serve thousands of databases, and fractions are slow."""
    return quantity.canonical(text)


def _quantity(value: object, path: _Path, source: str) -> object:
    if value is None or isinstance(value, bool | dict | list):
        return value
    try:
        return _canonical(str(value))
    except InvalidError as error:
        details = (
            Detail(
                problem=detail.problem,
                field=f"{source}: {fields.path_of(*path)}",
                value=repr(value),
                remedy=detail.remedy,
            )
            for detail in error.details
        )
        raise InvalidError(*details) from error
