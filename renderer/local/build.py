"""A directory of the repository, built into objects as kustomize builds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from renderer.core import documents
from renderer.core.errors import invalid
from renderer.core.layout import KUSTOMIZATION_FILE
from renderer.local.objects import Object

Read = Callable[[str], bytes]
"""A file's name → its content."""
_KNOWN = frozenset({"apiVersion", "kind", "metadata", "resources", "namespace"})


def objects(directory: str, names: Mapping[str, str] | set[str], read: Read) -> list[Object]:
    """The objects of a directory, in the order of the list, or of the file names without one.

    Raises `InvalidError` for what stops kustomize: a file that is missing or isn't YAML, an
    object without kind or name, the same object twice, nothing at all.
    """
    found = [
        _checked(document.value, f"{directory}/{name}")
        for name in _listed(directory, names, read)
        for document in documents.read(read(name), source=f"{directory}/{name}")
    ]
    if not found:
        raise invalid("kustomization.yaml is empty", field=directory, remedy="list resources in it")
    keys = [identity(entry) for entry in found]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise invalid("the same object is there twice", field=directory, value="/".join(twice))
    return found


def identity(thing: Object) -> tuple[str, str, str, str]:
    """(apiVersion, kind, namespace, name)."""
    head = thing["metadata"]
    return thing["apiVersion"], thing["kind"], head.get("namespace", ""), head["name"]


def _listed(directory: str, names: Mapping[str, str] | set[str], read: Read) -> list[str]:
    if KUSTOMIZATION_FILE not in names:
        return sorted(name for name in names if name.endswith((".yaml", ".yml")))
    source = f"{directory}/{KUSTOMIZATION_FILE}"
    wanted = documents.one(read(KUSTOMIZATION_FILE), source=source).value
    foreign = sorted(set(wanted) - _KNOWN)
    if foreign:
        raise invalid(
            "the laptop cluster's applier knows resources only",
            field=source,
            value=foreign[0],
            remedy="use Flux or Argo CD for this repository",
        )
    listed = [str(name).removeprefix("./") for name in wanted.get("resources") or ()]
    for name in listed:
        if name not in names:
            raise invalid("lists a file that isn't there", field=source, value=name)
    return listed


def _checked(value: Object, source: str) -> Object:
    head = value.get("metadata")
    if not isinstance(head, dict) or not head.get("name"):
        raise invalid("missing metadata.name in object", field=source)
    if not value.get("kind") or not value.get("apiVersion"):
        raise invalid("missing kind or apiVersion in object", field=source)
    return value
