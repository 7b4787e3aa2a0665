"""The health checks that we ship, run by Argo CD's own Lua runner and by Flux itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e.appliers import argocd
from health_situations import GENERATION, SITUATIONS, Situation

EXAMPLES = Path(__file__).parents[2] / "examples"
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
