"""A store, a node that runs real processes for it, and small manifests."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renderer.local.api.store import Store
from renderer.local.containers import Backoff
from renderer.local.guardian import Guardian
from renderer.local.node import Node
from renderer.local.stored import Stored

Object = dict[str, Any]
IMAGE = "docker.io/library/postgres:18.4"


class Lab:
    """A node at work, and what the tests ask of it."""

    def __init__(self, node: Node, store: Store) -> None:
        self.node, self.store, self.objects = node, store, Stored(store)

    def get(self, resource: str, name: str, namespace: str = "team-a") -> Object | None:
        return self.objects.get(resource, namespace, name)

    def until(self, what: Callable[[], Any], seconds: float = 30) -> Any:  # what is asked for
        """Poll until `what` gives something true; its value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = what()
            if value:
                return value
            time.sleep(0.02)
        logs = {file.name: file.read_text() for file in self.node.logs.glob("*")}
        message = f"not within {seconds} s; logs: {logs}; pods: {self.objects.list('pods')}"
        raise AssertionError(message)

    def until_pod(self, name: str, test: Callable[[Object], Any], seconds: float = 30) -> Object:
        def there() -> Object | None:
            pod = self.get("pods", name)
            return pod if pod is not None and test(pod) else None

        found: Object = self.until(there, seconds)
        return found

    def pod(self, name: str, script: str, **spec: Any) -> Object:  # fields of a PodSpec
        """Create a Pod that runs a shell script."""
        container = {"name": "main", "image": IMAGE, "command": ["/bin/sh", "-c", script]}
        container |= spec.pop("container", {})
        body = {
            "metadata": {"name": name, "namespace": "team-a"},
            "spec": {"restartPolicy": "Never", "containers": [container]} | spec,
        }
        return self.store.create("pods", body)

    def ended(self, name: str) -> Object:
        """The terminated state of a Pod's only container, once the Pod has finished."""
        pod = self.until_pod(name, lambda p: p["status"].get("phase") in {"Succeeded", "Failed"})
        state: Object = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        return state

    def waiting(self, name: str, reason: str) -> Object:
        """The waiting state of a Pod's only container, once it has that reason."""

        def state(pod: Object) -> Object:
            entries = pod["status"].get("containerStatuses") or [{}]
            found: Object = entries[0].get("state", {}).get("waiting", {})
            return found

        return state(self.until_pod(name, lambda p: state(p).get("reason") == reason))


@pytest.fixture
def run_folder() -> Iterator[Path]:
    """A short path, since Unix sockets lie below; the guardian removes it."""
    folder = Path(tempfile.mkdtemp(prefix="sdb-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    assert not folder.exists()


@pytest.fixture
def lab(run_folder: Path) -> Iterator[Lab]:
    guardian = Guardian(run_folder)
    store = Store()
    store.create("namespaces", {"metadata": {"name": "team-a"}})
    node = Node(store, run_folder, guardian, backoff=Backoff(first=0.2, limit=1.0))
    node.start()
    try:
        yield Lab(node, store)
    finally:
        node.close()
        guardian.close()
