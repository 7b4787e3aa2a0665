"""A tombstone as a file in Git: written once, and read back exactly or not at all.

It is of a kind of our own that no cluster knows: applied by mistake, it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from renderer.core import documents, emit
from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import API_VERSION, HASH_ANNOTATION, KIND, TOMBSTONE_KIND
from renderer.core.manifests.hashes import annotated, content_hash
from renderer.core.resource import Spec, explain, parse
from renderer.core.tombstone import Grave, Tombstone

_REMEDY = "undo the edit with `git revert`, or take the file from an earlier commit"
_PARTS = ("sampledb", "deleted", "data", "kept")
_KNOWN = ("apiVersion", "kind", "metadata", "howToRestore", *_PARTS, "spec")
_STAMP = f"metadata.annotations[{HASH_ANNOTATION}]"

_PASSWORDS = """\
# the volume has the passwords of its old Secret: when the init Job says that they are refused,
# set the new Secret's (keys password and postgres-password), then delete the Job
kubectl exec -it -n {key.namespace} {key.name}-0 -- psql -h /var/run/postgresql -U postgres
"""


def tombstone_file(tombstone: Tombstone) -> bytes:
    """Write a tombstone, with the commands that bring the database back."""
    key = tombstone.key
    grave = _adapter(Grave).dump_python(tombstone.grave, mode="json", by_alias=True)
    for name in [name for name, kept in grave["kept"].items() if kept is None]:
        del grave["kept"][name]
    document = {
        "apiVersion": API_VERSION,
        "kind": TOMBSTONE_KIND,
        "metadata": {"name": tombstone.id, "namespace": key.namespace},
        **grave,
        "howToRestore": _commands(tombstone),
        "spec": spec_document(tombstone.spec),
    }
    return emit.dump(annotated(document, {HASH_ANNOTATION: content_hash(document)}))


def spec_document(spec: Spec) -> dict[str, Any]:
    """A spec as a person writes it: what is the default is left out."""
    found: dict[str, Any] = _adapter(Spec).dump_python(
        spec, mode="json", by_alias=True, exclude_defaults=True
    )
    return found


def read_tombstone(content: bytes, *, source: str) -> Tombstone:
    """Read a tombstone. Raises `InvalidError` naming `source` and each field that is wrong.

    It is proof only as it was written: what was edited is refused.
    """
    value = documents.one(content, source=source).value
    wrong = list(_wrong(value))
    grave, spec = None, None
    try:
        grave = _adapter(Grave).validate_python(
            {name: value[name] for name in _PARTS if name in value}, by_alias=True, by_name=False
        )
    except ValidationError as error:
        for one in error.errors(include_url=False):
            wrong += explain.explain(one, root="", tree=explain.tree(Grave))
    try:
        spec = parse(_sampledb(value)).spec
    except InvalidError as error:
        wrong += [detail for detail in error.details if detail.field.startswith("spec")]
    if not wrong and _stamp(value) != content_hash(value):
        problem = "isn't that of the content: the file was edited"
        wrong.append(Detail(field=_STAMP, problem=problem, value=repr(_stamp(value))))
    if wrong or grave is None or spec is None:
        raise InvalidError(*(_placed(detail, source) for detail in wrong))
    return Tombstone(id=value["metadata"]["name"], grave=grave, spec=spec)


def is_tombstone(value: object) -> bool:
    """Whether a document means to be a tombstone."""
    return isinstance(value, dict) and value.get("kind") == TOMBSTONE_KIND


def _commands(tombstone: Tombstone) -> str:
    key = tombstone.key
    named = f"{key}/{tombstone.id}"
    return (
        "# prints the SampleDB with what brings its data back: apply it, or commit it\n"
        f"sampledb restore --from-tombstone {named} --repository URL --path PATH"
        " | kubectl apply -f -\n"
        "# the same from this file\n"
        f"sampledb restore --from-tombstone {tombstone.id}.yaml | kubectl apply -f -\n"
        + (_PASSWORDS.format(key=key) if tombstone.grave.kept.claims else "")
    )


def _wrong(value: dict[str, Any]) -> Iterator[Detail]:
    """What is wrong around the parts."""
    for name, wanted in (("apiVersion", API_VERSION), ("kind", TOMBSTONE_KIND)):
        if value.get(name) != wanted:
            yield Detail(field=name, problem=f"must be {wanted}", value=repr(value.get(name)))
    for name in value:
        if name not in _KNOWN:
            yield Detail(field=name, problem="is not a field of a tombstone")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        yield Detail(field="metadata.name", problem="is required")


def _stamp(value: dict[str, Any]) -> object:
    annotations = value["metadata"].get("annotations")
    return annotations.get(HASH_ANNOTATION) if isinstance(annotations, dict) else None


def _sampledb(value: dict[str, Any]) -> dict[str, object]:
    metadata = {"namespace": "n", "name": "n"}
    spec = value.get("spec")
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def _placed(detail: Detail, source: str) -> Detail:
    field = detail.field.removeprefix(".")
    return Detail(
        field=f"{source}: {field}", problem=detail.problem, value=detail.value, remedy=_REMEDY
    )


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a class of the model
    return TypeAdapter(cls)
