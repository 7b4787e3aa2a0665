"""kubectl, as a person uses it, with JSON in and out."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """One user of one cluster."""

    kubeconfig: Path
    program: str = "kubectl"

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints. Raises `CalledProcessError` with its words as a note."""
        done = subprocess.run(
            [self.program, "--kubeconfig", str(self.kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            error = subprocess.CalledProcessError(done.returncode, arguments)
            error.add_note(done.stderr)
            raise error
        return done.stdout

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        where = ["-n", namespace] if namespace else []
        text = self.run("get", resource, name, *where, "--ignore-not-found", "-o", "json")
        return json.loads(text) if text else None

    def list(self, resource: str, namespace: str, selector: str = "") -> list[Object]:
        chosen = ["-l", selector] if selector else []
        shown = ("-o", "json", "--show-managed-fields")
        text = self.run("get", resource, "-n", namespace, *chosen, *shown)
        return list(json.loads(text)["items"])

    def apply(self, *objects: Object, text: str = "") -> None:
        """Server-side apply of objects, or of the YAML `text`."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.run("apply", "--server-side", "-f", "-", stdin=text or json.dumps(listed))

    def apply_files(self, files: Iterable[Path]) -> None:
        named = [word for file in files for word in ("-f", str(file))]
        self.run("apply", "--server-side", *named)

    def patch(self, resource: str, name: str, namespace: str, change: Mapping[str, Any]) -> None:
        """A merge patch."""
        self.run(
            "patch", resource, name, "-n", namespace, "--type", "merge", "-p", json.dumps(change)
        )

    def established(self, *definitions: str, seconds: float = 60.0) -> None:
        """Wait until CRDs are served.

        `kubectl wait` fails on a definition that has no conditions yet.
        """
        deadline = time.monotonic() + seconds
        while not all(self._is_established(name) for name in definitions):
            if time.monotonic() > deadline:
                message = f"not served after {seconds:g} s: {', '.join(definitions)}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def _is_established(self, definition: str) -> bool:
        found = self.get("crd", definition) or {}
        told = (found.get("status") or {}).get("conditions") or ()
        return any(one["type"] == "Established" and one["status"] == "True" for one in told)


def namespace(name: str, **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": dict(labels)},
    }
