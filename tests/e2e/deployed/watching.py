"""Everything that a SampleDB's status has said, in order, as a watch brought it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.appliers.kubectl import Kubectl, Object

_SHOWN = 'jsonpath={.metadata.name} {.status}{"\\n"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a running `kubectl get --watch` has printed."""

    file: Path

    def statuses(self, name: str) -> list[Object]:
        """Each status of one SampleDB, oldest first; {} while it had none."""
        whole, _, _ = self.file.read_text().rpartition("\n")  # the last line may be half written
        lines = [line.partition(" ") for line in whole.split("\n")]
        return [json.loads(words.strip() or "{}") for seen, _, words in lines if seen == name]

    def conditions(self, name: str, kind: str) -> list[str]:
        """Each status of one condition, oldest first; "" while it had none."""
        return [
            next((c["status"] for c in status.get("conditions") or () if c["type"] == kind), "")
            for status in self.statuses(name)
        ]


@contextmanager
def watching(kubectl: Kubectl, space: str, file: Path) -> Iterator[Watch]:
    """Follow every SampleDB of a namespace."""
    command = [kubectl.program, "--kubeconfig", str(kubectl.kubeconfig), "get", "sampledb"]
    command += ["-n", space, "--watch", "-o", _SHOWN]
    with file.open("w") as output, subprocess.Popen(command, stdout=output) as watch:
        try:
            yield Watch(file=file)
        finally:
            watch.terminate()
