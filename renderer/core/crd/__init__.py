"""The CustomResourceDefinition of SampleDB, generated from the typed model."""

from __future__ import annotations

from functools import cache
from typing import Any

from renderer.core.crd import structural
from renderer.core.crd.status import Status
from renderer.core.early_status import awaited_status
from renderer.core.layout import GROUP, KIND, NAME_LIMIT, PLURAL, VERSION
from renderer.core.resource import Spec, formats

Document = dict[str, Any]  # JSON


@cache
def definition() -> Document:
    """Return the CustomResourceDefinition. It is built once: don't change it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["sdb"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema()},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns(),
                }
            ],
        },
    }


def schema() -> Document:
    """Return the structural schema of a whole SampleDB."""
    status = structural.schema(Status, defaults=False) | {"default": awaited_status()}
    return {
        "description": "A database that is kept by commits: its files are rendered into a Git "
        "repository, and Argo CD or Flux applies them.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {
                "description": "Version of the schema of this object.",
                "type": "string",
            },
            "kind": {"description": "Kind of this object.", "type": "string"},
            "metadata": {"type": "object"},
            "spec": structural.schema(Spec, defaults=True),
            "status": status,
        },
        "x-kubernetes-validations": [
            {
                "rule": f"self.metadata.name.size() <= {NAME_LIMIT}",
                "message": f"metadata.name must be at most {NAME_LIMIT} characters; shorten it:"
                " the names of its Jobs and Pods are made from it",
            },
            {
                "rule": f"self.metadata.name.matches('{formats.NAME.pattern}')",
                "message": f"metadata.name {formats.NAME.message}, for example"
                f" {formats.NAME.example}",
            },
        ],
    }


def columns() -> list[Document]:
    """Return what `kubectl get` prints; priority 1 only with `-o wide`."""
    return [
        _column("Engine", ".spec.engine"),
        _column("Version", ".spec.version"),
        _column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        _column("Phase", ".status.phase"),
        _column("Commit", ".status.git.shortCommit"),
        _column("Backup", ".status.backups.lastVerified.time", kind="date"),
        _column("Age", ".metadata.creationTimestamp", kind="date"),
        _column("Path", ".status.git.path", priority=1),
        _column("Delivery", ".status.delivery.state", priority=1),
        _column("Message", ".status.message", priority=1),
    ]


def _column(name: str, path: str, *, kind: str = "string", priority: int = 0) -> Document:
    return {"name": name, "type": kind, "jsonPath": path, "priority": priority}
