"""The commit-and-sync workflow, without a controller: what it pushes, the real tools apply."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml
from e2e.appliers.git_host import WRITER
from e2e.handover import Handover

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "commit-and-sync.yml"
PATH = "clusters/pipeline"


def test_what_the_workflow_commits_is_applied(handover: Handover, tmp_path: Path) -> None:
    user, token = WRITER
    held = tmp_path / "token"
    held.write_text(token)
    orders = yaml.safe_load((ROOT / "examples" / "minimal.yaml").read_text())
    orders["metadata"] |= {"namespace": handover.team, "name": "piped"}
    (tmp_path / "databases").mkdir()
    (tmp_path / "databases" / "orders.yaml").write_text(yaml.safe_dump(orders))
    told = {
        "SOURCE": str(tmp_path / "databases"),
        "SAMPLEDB_REPOSITORY_URL": handover.url,
        "SAMPLEDB_REPOSITORY_PATH": PATH,
        "SAMPLEDB_REPOSITORY_USERNAME": user,
        "SAMPLEDB_REPOSITORY_TOKEN_FILE": str(held),
        "SAMPLEDB_DELIVERY_TOOL": handover.tool.name,
        "SAMPLEDB_DELIVERY_PROJECT": "sampledb",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    for command in _commands():
        subprocess.run(["bash", "-c", command], check=True, env=told, capture_output=True)
    app = f"{PATH}/apps/{handover.team}.piped.yaml"
    handover.kubectl.apply(text=handover.bare.show(app))
    committed = {
        f"{one['kind']}/{one['metadata']['name']}"
        for path in handover.bare.files()
        if path.startswith(f"{PATH}/databases/{handover.team}/piped/")
        and not path.endswith("kustomization.yaml")
        for one in [yaml.safe_load(handover.bare.show(path))]
    }
    assert any(name.startswith("Job/") for name in committed)
    handover.until(lambda: committed == set(handover.children("piped")), "all that was committed")
    handover.look_again("piped")
    assert handover.in_sync("piped")


def _commands() -> list[str]:
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["commit"]["steps"]
    return [step["run"] for step in steps if step.get("run", "").startswith("sampledb ")]
