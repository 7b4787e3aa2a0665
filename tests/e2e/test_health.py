"""The health checks that we ship, run by Argo CD's own Lua runner and by Flux itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.appliers import argocd
from e2e.appliers.kubectl import namespace
from e2e.handover import Handover
from health_situations import GENERATION, SITUATIONS, Situation

EXAMPLES = Path(__file__).parents[2] / "examples"
SPACE, FLUX = "health", "flux-system"
Health = Callable[[dict[str, Any]], str]


@pytest.fixture
def argo_health(tmp_path: Path, program: Callable[[str], Path]) -> Health:
    """What Argo CD, with our example in argocd-cm, calls the health of an object."""
    file = tmp_path / "object.json"

    def look(seen: dict[str, Any]) -> str:
        file.write_text(json.dumps(seen))
        done = subprocess.run(
            [
                *(str(program(argocd.TOOL)), "admin", "settings", "resource-overrides", "health"),
                *(str(file), "--load-cluster-settings=false"),
                *("--argocd-cm-path", str(EXAMPLES / "argocd" / "argocd-cm.yaml")),
            ],
            env={**os.environ, "HOME": str(tmp_path), "ARGOCD_BINARY_NAME": "argocd"},
            capture_output=True,
            text=True,
            check=True,
        )
        (verdict,) = (
            line.removeprefix("STATUS: ")
            for line in done.stdout.splitlines()
            if line.startswith("STATUS: ")
        )
        return verdict

    return look


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_argo_cd_tells_a_sampledbs_health(situation: Situation, argo_health: Health) -> None:
    assert argo_health(sampledb(situation)) == situation.argocd


def sampledb(situation: Situation) -> dict[str, Any]:
    seen: dict[str, Any] = {
        "apiVersion": "sampledb.dev/v1",
        "kind": "SampleDB",
        "metadata": {"namespace": "team-a", "name": "orders", "generation": GENERATION},
    }
    return seen | ({"status": situation.status} if situation.status else {})


@pytest.fixture(scope="module")
def waiting(flux_handover: Handover) -> Handover:
    """A Kustomization, as examples/flux has it, for a SampleDB in each situation."""
    handover, kubectl = flux_handover, flux_handover.kubectl
    kubectl.apply(namespace(SPACE))
    example = yaml.safe_load((EXAMPLES / "flux" / "health-check.yaml").read_text())
    for number, situation in enumerate(SITUATIONS.values()):
        name = f"s{number}"
        wanted = {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"namespace": SPACE, "name": name},
            "spec": {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}},
        }
        kubectl.apply(wanted)
        wanted["spec"] |= {"parameters": {"work_mem": "8MB"}}
        kubectl.apply(wanted)
        assert (kubectl.get("sampledb", name, SPACE) or {})["metadata"]["generation"] == GENERATION
        if situation.status:
            kubectl.run(
                *("patch", "sampledb", name, "-n", SPACE, "--subresource=status"),
                *("--type=merge", "-p", json.dumps({"status": situation.status})),
            )
        handover.bare.write(f"health/{name}/sampledb.yaml", json.dumps(wanted))
    for number in range(len(SITUATIONS)):
        spec = example["spec"] | {
            "sourceRef": {"kind": "GitRepository", "name": "sampledb"},
            "path": f"./health/s{number}",
            "timeout": "30s",  # the least that Flux takes
        }
        kubectl.apply(
            example | {"metadata": {"namespace": FLUX, "name": f"s{number}"}, "spec": spec}
        )
    return handover


@pytest.mark.parametrize(
    ("number", "situation"), list(enumerate(SITUATIONS.values())), ids=list(SITUATIONS)
)
def test_flux_waits_for_a_sampledb_as_its_status_says(
    number: int, situation: Situation, waiting: Handover
) -> None:
    def verdict() -> str:
        found = waiting.kubectl.get(waiting.tool.resource, f"s{number}", FLUX) or {}
        conditions = (found.get("status") or {}).get("conditions") or ()
        ready = next((one for one in conditions if one["type"] == "Ready"), {})
        if ready.get("status") == "True":
            return "current"
        # Without any status there is nothing to evaluate: Unknown, and Flux waits.
        if any(word in ready.get("message", "") for word in ("'InProgress'", "'Unknown'")):
            return "waits"
        return "failed" if "status: 'Failed'" in ready.get("message", "") else ""

    wanted = "waits" if situation.flux == "inProgress" else situation.flux
    assert waiting.until(verdict, "a verdict of Flux") == wanted
