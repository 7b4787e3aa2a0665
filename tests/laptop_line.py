"""A laptop cluster with the controller as a process beside it, for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renderer.git.launch import Launcher
from renderer.local.laptop import Laptop

SAMPLEDBS = "sampledbs.sampledb.dev"
SAMPLEDB = Path(sys.executable).parent / "sampledb"
PATH = "clusters/test"
DEADLINE = 60.0


class Line:
    """A laptop cluster with helpers to act as its user, and to look at what came of it."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.namespace = "team-a"
        self.git = Launcher(laptop.repository)

    @contextlib.contextmanager
    def controller(
        self, *more: str, kubeconfig: Path | None = None, repository: str = ""
    ) -> Iterator[subprocess.Popen[str]]:
        """`sampledb run` as a process; SIGTERM at the end if it still runs."""
        command = [
            str(SAMPLEDB), "-v", "run",
            "--repository", repository or str(self.laptop.repository),
            "--path", PATH,
            "--kubeconfig", str(kubeconfig or self.laptop.kubeconfig),
            "--no-leader-elect",
            "--metrics-address", "127.0.0.1:0",
            "--health-address", "127.0.0.1:0",
            *more,
        ]  # fmt: skip
        log = (self.laptop.folder / f"controller-{time.monotonic_ns()}.log").open("w+")
        environ = {k: v for k, v in os.environ.items() if not k.startswith("SAMPLEDB_")}
        process = subprocess.Popen(command, stdout=log, stderr=log, text=True, env=environ)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
            log.seek(0)
            sys.stderr.write(log.read())
            log.close()

    def protect(self) -> Path:
        """Let the repository refuse every push; the hook, to be removed, is returned."""
        hook = self.laptop.repository / "hooks" / "pre-receive"
        hook.write_text("#!/bin/sh\necho 'branch main is protected' >&2\nexit 1\n")
        hook.chmod(0o755)
        return hook

    def log(self) -> str:
        """What the controllers have said so far."""
        logs = sorted(self.laptop.folder.glob("controller-*.log"))
        return "".join(path.read_text() for path in logs)

    def elsewhere(self, namespace: str) -> Line:
        """The same cluster, with another namespace's SampleDBs."""
        if self.laptop.objects.get("namespaces", "", namespace) is None:
            self.laptop.store.create("namespaces", {"metadata": {"name": namespace}})
        other = Line(self.laptop)
        other.namespace = namespace
        return other

    def create(self, name: str = "orders", **spec: Any) -> None:
        least = {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}}
        document = {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"namespace": self.namespace, "name": name},
            "spec": {**least, **spec},
        }
        self.laptop.store.create(SAMPLEDBS, document)

    def get(self, name: str = "orders") -> dict[str, Any] | None:
        return self.laptop.objects.get(SAMPLEDBS, self.namespace, name)

    def edit(self, change: Callable[[dict[str, Any]], None], name: str = "orders") -> None:
        self.laptop.objects.change(SAMPLEDBS, self.get(name) or {}, change)

    def say(self, status: dict[str, Any]) -> None:
        """Write a status, as the controller does."""
        found = self.get() or {}
        self.laptop.objects.change(
            SAMPLEDBS, found, lambda db: db.update(status=status), status=True
        )

    def delete(self, name: str = "orders") -> None:
        self.laptop.objects.delete(SAMPLEDBS, self.get(name) or {})

    def holds(self, condition: str, name: str = "orders") -> bool:
        found = self.get(name) or {}
        generation = found.get("metadata", {}).get("generation")
        conditions = (found.get("status") or {}).get("conditions") or ()
        return any(
            c["type"] == condition
            and c["status"] == "True"
            and c["observedGeneration"] == generation
            for c in conditions
        )

    def message(self, condition: str, name: str = "orders") -> str:
        conditions = ((self.get(name) or {}).get("status") or {}).get("conditions") or ()
        return next((c["message"] for c in conditions if c["type"] == condition), "")

    def subjects(self, name: str = "orders") -> list[str]:
        key = f"{self.namespace}/{name}"
        told = self.git.run("log", "--reverse", "--format=%s", "main", "--", f"*/{key}/*")
        text = told.out.decode() if told.ok else ""
        return [line.removeprefix(f"{key}: ") for line in text.splitlines()]

    def until(self, what: Callable[[], Any], waiting_for: str, seconds: float = DEADLINE) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > deadline:
                status = (self.get() or {}).get("status")
                pytest.fail(f"never seen: {waiting_for}\nstatus: {status}")
            time.sleep(0.03)
        return found
