"""The last gate before a commit: what no template may ever put into Git.

Sources of the rules: gitops.md's traps, named below; Kubernetes' limits on names
(RFC 1123), labels (63), annotations (262144 bytes in all) and objects (etcd's 1.5 MiB,
kept below 1 MiB).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from renderer.core import fields
from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import (
    DATA_CLAIMS,
    JOBS,
    NAME_LABEL,
    ROLE_LABEL,
    SNAPSHOTS,
    Key,
    Role,
    claim,
    names,
)
from renderer.core.manifests.hashes import template_of, template_path
from renderer.core.manifests.metadata import FLUX_PRUNE, SYNC_OPTIONS, options, unwanted, wrong
from renderer.core.manifests.normal import role_of, title

ALLOWED: Mapping[Role, tuple[str, str]] = {
    Role.SERVICE_ACCOUNT: ("v1", "ServiceAccount"),
    Role.CONFIG: ("v1", "ConfigMap"),
    Role.SCRIPTS: ("v1", "ConfigMap"),
    Role.CONNECTION: ("v1", "ConfigMap"),
    Role.TOOLS: ("v1", "ConfigMap"),
    Role.SERVICE: ("v1", "Service"),
    **dict.fromkeys(DATA_CLAIMS, ("v1", "PersistentVolumeClaim")),
    Role.BACKUPS: ("v1", "PersistentVolumeClaim"),
    **dict.fromkeys(SNAPSHOTS, ("snapshot.storage.k8s.io/v1", "VolumeSnapshot")),
    Role.SERVER: ("apps/v1", "StatefulSet"),
    Role.NETWORK: ("networking.k8s.io/v1", "NetworkPolicy"),
    Role.DISRUPTION: ("policy/v1", "PodDisruptionBudget"),
    Role.BACKUP: ("batch/v1", "CronJob"),
    **dict.fromkeys(JOBS, ("batch/v1", "Job")),
}
"""What each role is. Nothing else is ever committed."""

_NAME = 63
_ANNOTATIONS_BYTES = 262144
_OBJECT_BYTES = 1024 * 1024


def gate(documents: Iterable[Mapping[str, Any]], *, key: Key) -> None:
    """Refuse the whole directory when any document has no place in it.

    Raises `InvalidError` with every problem: file, field, value and way out.
    """
    found_wrong = [
        Detail(
            problem=found.problem,
            field=f"{where}: {found.field}" if found.field else where,
            value=found.value,
            remedy=found.remedy,
        )
        for where, found in _all(documents, key)
    ]
    if found_wrong:
        raise InvalidError(*found_wrong)


def problems(document: Mapping[str, Any], *, key: Key) -> Iterator[Detail]:
    """Yield what is wrong with one document, with the bare path of the field."""
    metadata = document.get("metadata")
    kind = document.get("kind")
    if kind == "Secret":
        yield _plaintext(document)
        return
    role = role_of(document)
    if not isinstance(metadata, dict) or role is None:
        yield Detail(
            problem="a child must carry its role",
            field=f"metadata.labels[{ROLE_LABEL}]",
            remedy="let the template write the labels that it is given",
        )
        return
    yield from _identity(document, metadata, role, key)
    yield from unwanted(metadata, "metadata")
    yield from _template(document)
    yield from _size(document, metadata)
    if "status" in document:
        yield Detail(problem="the cluster writes it", field="status", remedy="remove it")
    if role in {Role.BACKUPS, Role.SNAPSHOT}:
        yield from _kept(metadata)


def _all(documents: Iterable[Mapping[str, Any]], key: Key) -> Iterator[tuple[str, Detail]]:
    seen: dict[tuple[object, object], str] = {}
    for document in documents:
        where = title(document)
        for found in problems(document, key=key):
            yield where, found
        metadata = document.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        first = seen.setdefault((document.get("kind"), name), where)
        if first is not where:
            yield (
                where,
                Detail(
                    problem=f"the same object is given twice: {document.get('kind')}, also "
                    f"in {first}",
                    field="metadata.name",
                    value=repr(name),
                    remedy="let one template render it",
                ),
            )


def _plaintext(document: Mapping[str, Any]) -> Detail:
    field = next((f for f in ("data", "stringData") if document.get(f)), "kind")
    return Detail(
        problem="a Secret has no place in Git: everybody who can read it has the password",
        field=field,  # the value stays unsaid on purpose
        remedy="refer to it by name; see spec.credentials.source",
    )


def _identity(
    document: Mapping[str, Any], metadata: Mapping[str, Any], role: Role, key: Key
) -> Iterator[Detail]:
    """Kind, name, namespace and owner's label are those of the role."""
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind != ALLOWED[role]:
        wanted = " ".join(ALLOWED[role])
        shown = " ".join(str(part) for part in kind)
        yield wrong("kind", shown, f"{role.value} must be {wanted}", f"render a {wanted}")
    name = str(metadata.get("name", ""))
    expected = _expected(key)[role]
    suffixed = role in JOBS | DATA_CLAIMS | SNAPSHOTS
    if not (name.startswith(f"{expected}-") if suffixed else name == expected):
        yield wrong("metadata.name", name, "isn't this SampleDB's", f"name it {expected}")
    if len(name) > _NAME:
        yield wrong("metadata.name", name, f"is longer than {_NAME}", "use a shorter name")
    namespace = metadata.get("namespace")
    if namespace != key.namespace:
        yield wrong(
            "metadata.namespace", namespace, "is a foreign namespace", f"write {key.namespace}"
        )
    owner = metadata["labels"].get(NAME_LABEL)
    if owner != key.name:
        field = f"metadata.labels[{NAME_LABEL}]"
        yield wrong(field, owner, "names another SampleDB", f"write {key.name}")


@lru_cache(maxsize=64)
def _expected(key: Key) -> Mapping[Role, str]:
    ours = names(key.name)
    special = {
        Role.CONFIG: ours.config,
        Role.SCRIPTS: ours.scripts,
        Role.CONNECTION: ours.connection,
        Role.TOOLS: ours.tools,
        **dict.fromkeys(DATA_CLAIMS, claim(key.name, "").removesuffix("-")),
        Role.BACKUPS: ours.backups,
        Role.BACKUP: ours.backup,
        **{role: ours.job(role) for role in JOBS},
    }
    return {role: special.get(role, ours.server) for role in Role}


def _template(document: Mapping[str, Any]) -> Iterator[Detail]:
    template = template_of(document)
    if template is None:
        return
    path = template_path(str(document["kind"]))
    where = fields.path_of(*path)
    metadata = template.get("metadata")
    if isinstance(metadata, dict):
        yield from unwanted(metadata, f"{where}.metadata")
    job = document
    for part in path[:-1]:
        job = job[part]
    if "ttlSecondsAfterFinished" in job:
        field = fields.path_of(*path[:-1], "ttlSecondsAfterFinished")
        value = job["ttlSecondsAfterFinished"]
        yield wrong(field, value, "the applier would run it for ever", "remove it")
    if "volumeClaimTemplates" in job:  # trap 9
        field = fields.path_of("spec", "volumeClaimTemplates")
        why = "makes the claim before the applier does, and can't be changed any more"
        yield wrong(field, len(job["volumeClaimTemplates"] or ()), why, "mount the claim by name")


def _size(document: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[Detail]:
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        total = sum(len(str(name)) + len(str(text).encode()) for name, text in annotations.items())
        if total > _ANNOTATIONS_BYTES:
            shown = f"{total} bytes"
            why = f"all together are longer than {_ANNOTATIONS_BYTES} bytes"
            yield wrong("metadata.annotations", shown, why, "make them shorter")
    total = len(orjson.dumps(document))
    if total > _OBJECT_BYTES:
        why = f"is larger than {_OBJECT_BYTES} bytes, which etcd may not store"
        yield wrong("", f"{total} bytes", why, "move part of it into the database's image")


def _kept(metadata: Mapping[str, Any]) -> Iterator[Detail]:
    """Backups outlive the SampleDB: neither applier may ever prune them."""
    annotations = metadata.get("annotations")
    annotations = annotations if isinstance(annotations, dict) else {}
    sync = annotations.get(SYNC_OPTIONS, "")
    if not {"Prune=false", "Delete=false"} <= options(sync):
        field = fields.path_of("metadata", "annotations", SYNC_OPTIONS)
        yield wrong(
            field, sync, "Argo CD could delete the backups", "write Prune=false,Delete=false"
        )
    prune = annotations.get(FLUX_PRUNE, "")
    if prune != "disabled":
        field = fields.path_of("metadata", "annotations", FLUX_PRUNE)
        yield wrong(field, prune, "Flux could delete the backups", "write disabled")
