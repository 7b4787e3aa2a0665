"""The `run:` steps of the workflows, taken from their files and run on real repositories."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import EXAMPLES, MINIMAL, PROGRAM, ROOT, Ended, Run, environment, git

WORKFLOWS = ROOT / ".github" / "workflows"
LEFT_OUT = {
    ("ci.yml", "Check"): "it runs every linter, this test's own among them",
    ("ci.yml", "Test"): "it runs this test",
    ("commit-and-sync.yml", "Install sampledb"): "it needs the package index; .venv has it",
    ("render-check.yml", "Install sampledb"): "the same",
}
FOLDER = "clusters/prod/databases/team-a/example-database"


@dataclass(frozen=True, slots=True)
class Step:
    """One `run:` step."""

    file: str
    name: str
    script: str
    variables: frozenset[str]
    """Names of the variables that the job and the step set."""


def workflow(name: str) -> dict[Any, Any]:
    found = yaml.safe_load((WORKFLOWS / name).read_text())
    assert isinstance(found, dict)
    return found


def steps(name: str) -> list[Step]:
    return [
        Step(
            file=name,
            name=step["name"],
            script=step["run"],
            variables=frozenset({**job.get("env", {}), **step.get("env", {})}),
        )
        for job in workflow(name)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]


FILES = sorted(path.name for path in WORKFLOWS.glob("*.yml"))
ALL = [step for name in FILES for step in steps(name)]


def run(step: Step, cwd: Path, env: Mapping[str, str]) -> Ended:
    """Run a step as GitHub does: bash -e -o pipefail, in the checkout."""
    path = f"{PROGRAM.parent}:{environment()['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script],
        cwd=cwd,
        env=environment(**env, PATH=path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def runnable(name: str) -> list[Step]:
    return [step for step in steps(name) if (name, step.name) not in LEFT_OUT]


@pytest.mark.parametrize("step", [pytest.param(s, id=f"{s.file}: {s.name}") for s in ALL])
def test_a_step_takes_what_varies_from_variables(step: Step) -> None:
    assert "${{" not in step.script, "an expression in a script lets its value run as code"
    own = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", step.script)) - {"RUNNER_TEMP"}
    assert own <= step.variables


def test_every_step_is_run_here_or_left_out_with_a_reason() -> None:
    tried = {(file, step.name) for file in FILES for step in runnable(file)}
    assert {(step.file, step.name) for step in ALL} == tried | LEFT_OUT.keys()
    assert {file for file, _ in tried} == {"commit-and-sync.yml", "render-check.yml"}


@pytest.mark.parametrize("name", FILES)
def test_actions_are_pinned_and_rights_are_least(name: str) -> None:
    found = workflow(name)
    assert found["permissions"] == {}
    for job in found["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 30
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkout of a source repository with SampleDBs in it."""
    folder = tmp_path / "source"
    shutil.copytree(EXAMPLES / "team", folder / "databases")
    shutil.copy(MINIMAL, folder / "databases")
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "databases")
    return folder


def settings(bare: Path, tmp_path: Path) -> dict[str, str]:
    """What GitHub would put into the environment; the token's file, which a local one needs not."""
    return {
        "SOURCE": "databases",
        "TOKEN": "not-a-secret",
        "RUNNER_TEMP": str(tmp_path),
        "SAMPLEDB_REPOSITORY_URL": str(bare),
        "SAMPLEDB_REPOSITORY_BRANCH": "main",
        "SAMPLEDB_REPOSITORY_PATH": "clusters/prod",
        "SAMPLEDB_DELIVERY_TOOL": "flux",
    }


def test_commit_and_sync_brings_sampledbs_to_the_deployment_repository(
    source: Path, bare: Path, tmp_path: Path
) -> None:
    env = settings(bare, tmp_path)
    for step in runnable("commit-and-sync.yml"):
        ended = run(step, source, env)
        assert ended.code == 0, (step.name, ended.err)
    token = tmp_path / "sampledb-token"
    assert token.read_text() == "not-a-secret"
    assert token.stat().st_mode & 0o077 == 0
    names = git(bare, "ls-tree", "-r", "--name-only", "main").split()
    assert f"{FOLDER}/statefulset.yaml" in names
    assert "clusters/prod/apps/team-b.billing.yaml" in names
    tip = git(bare, "rev-parse", "main")
    assert run(runnable("commit-and-sync.yml")[-1], source, env).code == 0
    assert git(bare, "rev-parse", "main") == tip


def test_commit_and_sync_stops_at_a_wrong_sampledb(
    source: Path, bare: Path, tmp_path: Path
) -> None:
    shutil.copy(EXAMPLES / "broken" / "storage-size.yaml", source / "databases")
    first = runnable("commit-and-sync.yml")[0]
    ended = run(first, source, settings(bare, tmp_path))
    assert (first.name, ended.code) == ("Check", 1)
    assert ended.out.startswith("::error file=databases/storage-size.yaml,line=12,")
    assert git(bare, "for-each-ref") == ""


@pytest.fixture
def checkout(sampledb: Run, bare: Path, tmp_path: Path) -> Path:
    """A checkout of the deployment repository, on a branch for a pull request."""
    where = ("--repository", bare, "--path", "clusters/prod")
    assert sampledb("commit", MINIMAL, *where).code == 0
    folder = tmp_path / "checkout"
    git(tmp_path, "clone", "-q", str(bare), str(folder))
    git(folder, "switch", "-qc", "pull-request")
    return folder


def test_render_check_passes_what_was_rendered(checkout: Path) -> None:
    (step,) = runnable("render-check.yml")
    ended = run(step, checkout, {"PATHS": ".", "BASE": "origin/main"})
    assert (ended.code, ended.out) == (0, "")


def test_render_check_refuses_a_hand_edit_on_its_line(checkout: Path) -> None:
    file = checkout / FOLDER / "configmap.yaml"
    file.write_text(file.read_text().replace("max_connections", "max_wal_senders"))
    lines = file.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "max_wal_senders" in text)
    git(checkout, "commit", "-qam", "by hand")
    (step,) = runnable("render-check.yml")
    ended = run(step, checkout, {"PATHS": ".", "BASE": "origin/main"})
    assert ended.code == 1
    assert ended.out.startswith(f"::error file={FOLDER}/configmap.yaml,line={line},title=")
    assert ended.out.count("\n") == 1


def test_render_check_refuses_a_wrong_sampledb(checkout: Path) -> None:
    (checkout / "databases").mkdir()
    shutil.copy(EXAMPLES / "broken" / "version.yaml", checkout / "databases")
    (step,) = runnable("render-check.yml")
    ended = run(step, checkout, {"PATHS": ".", "BASE": "origin/main"})
    assert ended.code == 1
    assert "::error file=databases/version.yaml,line=10,title=" in ended.out
