#!/usr/bin/env python3
"""Write renderer/core/schemas/kubernetes.json from the OpenAPI document of Kubernetes.

    tools/vendor-schemas.py [v1.36.3]

Needs Go, which downloads the module k8s.io/kubernetes and checks it against Go's
checksum database. Kept are the kinds that are rendered and what they refer to;
descriptions go, unknown fields are refused, and what the document leaves to the
API server's own code (names, labels, ports, enumerations) is added from
tools/schema_rules.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from schema_rules import ELSEWHERE, REMOVED, ROOTS, RULES, SCALARS

VERSION = "v1.36.3"
TARGET = Path(__file__).parent.parent / "renderer" / "core" / "schemas" / "kubernetes.json"
KINDS = {
    "v1/ConfigMap": "core.v1.ConfigMap",
    "v1/PersistentVolumeClaim": "core.v1.PersistentVolumeClaim",
    "v1/Service": "core.v1.Service",
    "v1/ServiceAccount": "core.v1.ServiceAccount",
    "apps/v1/StatefulSet": "apps.v1.StatefulSet",
    "batch/v1/CronJob": "batch.v1.CronJob",
    "batch/v1/Job": "batch.v1.Job",
    "networking.k8s.io/v1/NetworkPolicy": "networking.v1.NetworkPolicy",
    "policy/v1/PodDisruptionBudget": "policy.v1.PodDisruptionBudget",
    "snapshot.storage.k8s.io/v1/VolumeSnapshot": "snapshot.v1.VolumeSnapshot",
}
BARE = {"v1/ConfigMap", "v1/ServiceAccount"}
"""Kinds without a spec."""
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}


def main(version: str) -> None:
    """Download, cut down, write."""
    definitions = json.loads(download(version).read_text())["definitions"]
    by_name = {short(name): schema for name, schema in definitions.items()} | ELSEWHERE
    kept: dict[str, Any] = {}
    todo = list(KINDS.values())
    while todo:
        name = todo.pop()
        if name in kept:
            continue
        kept[name] = definition(name, by_name[name])
        todo += references(kept[name])
    missing = sorted(set(RULES) - set(kept))
    if missing:
        sys.exit(f"rules for definitions that aren't there: {', '.join(missing)}")
    document = {
        "source": f"k8s.io/kubernetes {version}, api/openapi-spec/swagger.json, Apache-2.0",
        "kinds": {kind: root(kind, name) for kind, name in KINDS.items()},
        "$defs": dict(sorted(kept.items())),
    }
    TARGET.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    print(f"{TARGET.name}: {len(kept)} definitions, {TARGET.stat().st_size} bytes")  # noqa: T201


def download(version: str) -> Path:
    """Return the path of swagger.json in Go's module cache."""
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, cwd="/").stdout)
    return Path(found["Dir"]) / "api" / "openapi-spec" / "swagger.json"


def short(name: str) -> str:
    """`io.k8s.api.core.v1.Pod` → `core.v1.Pod`."""
    for prefix in ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apimachinery.pkg."):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def definition(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Cut one definition down and add its rules."""
    if name in SCALARS:
        return dict(SCALARS[name])
    cut: dict[str, Any] = cleaned(schema)
    properties = cut.get("properties", {})
    for field in REMOVED.get(name, ()):
        del properties[field]
    if properties:
        cut["additionalProperties"] = False
    for field, rule in RULES.get(name, {}).items():
        if field == "":
            cut |= rule
        else:
            properties[field] = properties[field] | rule
    return cut


def cleaned(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Drop descriptions and extensions; point references at `$defs`; bound 32-bit integers."""
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if key == "properties":
            kept[key] = {name: cleaned(schema) for name, schema in item.items()}
        elif key == "$ref":
            kept[key] = "#/$defs/" + short(item.rpartition("/")[2])
        elif key == "format":
            kept |= INT32 if item == "int32" else {}
        elif key not in {"description", "default"} and not key.startswith("x-"):
            kept[key] = cleaned(item)
    return kept


def references(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """List the names of the definitions that a schema refers to."""
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    if not isinstance(value, dict):
        return []
    found = [name for item in value.values() for name in references(item)]
    target = value.get("$ref")
    return [*found, target.rpartition("/")[2]] if isinstance(target, str) else found


def root(kind: str, name: str) -> dict[str, Any]:
    """The schema of a whole object: its definition, with apiVersion, kind and name required."""
    version, _, word = kind.rpartition("/")
    return {
        "$ref": f"#/$defs/{name}",
        "required": ["apiVersion", "kind", "metadata", *(() if kind in BARE else ("spec",))],
        "properties": {
            "apiVersion": {"const": version},
            "kind": {"const": word},
            "metadata": {
                "required": ["name", "namespace"],
                "properties": {"name": ROOTS.get(kind, {"maxLength": 253})},
            },
        },
    }


if __name__ == "__main__":
    main(*sys.argv[1:] or [VERSION])
