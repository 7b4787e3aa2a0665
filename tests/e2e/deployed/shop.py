"""A team's namespace, whose SampleDBs a deployed controller keeps and one applier applies."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from e2e.appliers.kubectl import Kubectl, Object
from e2e.deployed.installing import Installation
from e2e.handover import Handover
from e2e.pods import restricted_pod

PATIENCE = 300.0
"""Seconds; only a failing test waits so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What a member of the team sees and does."""

    handover: Handover
    """The repository and its applier; its `team` is this namespace."""
    installation: Installation

    @property
    def kubectl(self) -> Kubectl:
        return self.handover.kubectl

    @property
    def team(self) -> str:
        return self.handover.team

    def status(self, name: str) -> Object:
        """A SampleDB's status; {} while there is none."""
        return self.handover.get(name).get("status") or {}

    def condition(self, name: str, kind: str) -> Object:
        return self.handover.condition(name, kind)

    def holds(self, name: str, kind: str) -> bool:
        """Whether a condition is True."""
        return bool(self.condition(name, kind).get("status") == "True")

    def history(self, name: str) -> list[str]:
        """The operations that have ended, newest first."""
        return [past["type"] for past in self.status(name).get("history") or ()]

    def change(self, name: str, **spec: Any) -> None:
        """Change fields of a spec, as `kubectl edit` does."""
        self.kubectl.patch("sampledb", name, self.team, {"spec": spec})

    def settled(self, name: str) -> Object:
        """Wait until the newest generation is Ready; the status."""

        def look() -> Object | None:
            found = self.handover.get(name)
            status = found.get("status") or {}
            seen = status.get("observedGeneration") == found["metadata"]["generation"]
            ready = any(
                one["type"] == "Ready" and one["status"] == "True"
                for one in status.get("conditions") or ()
            )
            return status if seen and ready and "operation" not in status else None

        return dict(self.until(look, f"{name} settled"))

    def poke_the_applier(self, name: str) -> None:
        """Have it look now; what it sees may end its own object, so nothing is waited for."""
        tool = self.handover.tool
        asked = {"metadata": {"annotations": {tool.asked: "normal"}}}
        self.kubectl.patch(tool.resource, f"{self.team}.{name}", tool.namespace, asked)

    def subjects(self, name: str) -> list[str]:
        """The subjects of all commits of a SampleDB, oldest first, without its name."""
        log = self.handover.bare.git("log", "--reverse", "--format=%s%n%b", "main").splitlines()
        mark = f"{self.team}/{name}: "
        return [line.removeprefix("- ").removeprefix(mark) for line in log if mark in line]

    def until(self, what: Callable[[], Any], waiting_for: str, seconds: float = PATIENCE) -> Any:
        """Poll until `what` gives something true."""
        try:
            return self.handover.until(what, waiting_for, seconds)
        except pytest.fail.Exception as failed:
            failed.msg = f"{failed.msg}\n{self._seen()}"
            raise

    def open_client(self, name: str, secret: str = "") -> None:
        """A Pod of the team's own that knows the ConfigMap and the Secret of a SampleDB."""
        password = {"secretKeyRef": {"name": secret or f"{name}-credentials", "key": "password"}}
        pod = restricted_pod(
            f"{name}-client",
            self.team,
            "sleep 3600",
            image="docker.io/library/postgres:18.4",
            envFrom=[{"configMapRef": {"name": f"{name}-connection"}}],
            env=[{"name": "PGPASSWORD", "valueFrom": password}],
        )
        self.kubectl.apply(pod)
        ready = ("wait", "-n", self.team, "--for=condition=Ready", f"pod/{name}-client")
        self.kubectl.run(*ready, "--timeout=120s")

    def query(self, name: str, statement: str) -> str:
        """What psql prints in the client's Pod, over the Service.

        It waits until the Service answers: the node's rules follow a Pod's readiness.
        """
        script = 'until pg_isready -q -t 3; do sleep 0.2; done; exec psql -XAt -c "$1"'
        inside = ("exec", "-n", self.team, f"{name}-client", "--", "timeout", "60")
        return self.kubectl.run(*inside, "sh", "-c", script, "sh", statement).strip()

    def as_superuser(self, name: str, statement: str, database: str = "postgres") -> str:
        """What psql prints in the server's own Pod, as its administrator."""
        inside = ("exec", "-n", self.team, f"{name}-0", "--")
        asked = ("psql", "-XAt", "-d", database, "-c", statement)
        return self.kubectl.run(*inside, *asked).strip()

    def _seen(self) -> str:
        def told(*command: str) -> str:
            try:
                return self.kubectl.run(*command)
            except subprocess.CalledProcessError as error:
                return f"{error} {error.__notes__}"

        return "\n".join(
            [
                told("get", "all,pvc", "-n", self.team, "-o", "wide"),
                told("get", "events", "-n", self.team, "--sort-by=.lastTimestamp")[-6000:],
                told("get", "pods", "-n", self.installation.system, "-o", "wide"),
                self.installation.log()[-8000:],
            ]
        )
