"""`sampledb render`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import EXAMPLES, MINIMAL, PROGRAM, Run, environment, git

BAD = EXAMPLES / "broken" / "storage-size.yaml"


def documents(stream: str) -> dict[str, Any]:
    """File name → object of a printed stream."""
    found = {}
    for part in stream.split("---\n# Source: ")[1:]:
        name, _, text = part.partition("\n")
        found[name] = yaml.safe_load(text)
    return found


def test_what_is_printed_is_what_is_written(process: Run, sampledb: Run, tmp_path: Path) -> None:
    printed = process("render", MINIMAL)
    written = sampledb("render", MINIMAL, "-o", tmp_path / "out")
    assert (printed.code, written.code, written.out) == (0, 0, "")
    parts = printed.out.split("---\n# Source: ")[1:]
    for part in parts:
        name, _, text = part.partition("\n")
        assert (tmp_path / "out" / name).read_text() == text
    files = {path.name for path in (tmp_path / "out").rglob("*.yaml")}
    assert len(parts) == len(files - {"kustomization.yaml"})


def test_what_is_printed_is_what_is_committed(sampledb: Run, bare: Path, tmp_path: Path) -> None:
    sampledb("render", MINIMAL, "-o", tmp_path / "out", "--path", "p", "--delivery", "flux")
    assert (
        sampledb("commit", MINIMAL, "--repository", bare, "--path", "p", "--delivery", "flux").code
        == 0
    )
    for name in git(bare, "ls-tree", "-r", "--name-only", "main").splitlines():
        committed = git(bare, "show", f"main:{name}")
        assert (tmp_path / "out" / name).read_text().rstrip("\n") == committed


def test_stdin_is_read_and_nothing_but_yaml_is_printed(process: Run) -> None:
    ended = process("render", "-", stdin=MINIMAL.read_text())
    assert (ended.code, ended.err) == (0, "")
    kinds = [found["kind"] for found in documents(ended.out).values()]
    assert {"StatefulSet", "Job", "Service", "PersistentVolumeClaim"} <= set(kinds)
    assert "Secret" not in kinds
    assert "Kustomization" not in kinds


def test_one_bad_sampledb_leaves_stdout_empty(sampledb: Run) -> None:
    ended = sampledb("render", MINIMAL, BAD)
    assert (ended.code, ended.out) == (2, "")
    assert f"error: {BAD}:12: spec.storage.size: must be a size" in ended.err


def test_with_keep_going_the_good_ones_are_printed(sampledb: Run) -> None:
    ended = sampledb("render", "--keep-going", MINIMAL, BAD)
    assert ended.code == 2
    assert 'kind: "StatefulSet"' in ended.out
    assert "team-a/broken" not in ended.out
    assert "spec.storage.size" in ended.err


def test_a_file_that_was_not_rendered_is_removed_and_told(sampledb: Run, tmp_path: Path) -> None:
    sampledb("render", MINIMAL, "-o", tmp_path / "out")
    folder = tmp_path / "out/databases/team-a/example-database"
    (folder / "notes.txt").write_text("mine")
    elsewhere = tmp_path / "out/notes.txt"
    elsewhere.write_text("mine")
    ended = sampledb("render", MINIMAL, "-o", tmp_path / "out")
    assert not (folder / "notes.txt").exists()
    assert "warning: team-a/example-database: removed" in ended.err
    assert elsewhere.read_text() == "mine"


def test_a_link_in_the_output_folder_is_not_followed(sampledb: Run, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/databases").symlink_to(tmp_path / "target")
    ended = sampledb("render", MINIMAL, "-o", tmp_path / "out")
    assert ended.code == 2
    assert "symbolic link" in ended.err
    assert list((tmp_path / "target").iterdir()) == []


def test_a_namespace_is_given_to_those_without_one(sampledb: Run, tmp_path: Path) -> None:
    file = tmp_path / "db.yaml"
    file.write_text(MINIMAL.read_text().replace("  namespace: team-a\n", ""))
    assert "metadata.namespace: is required" in sampledb("render", file).err
    found = documents(sampledb("render", file, "-n", "team-z").out)
    assert {one["metadata"]["namespace"] for one in found.values()} == {"team-z"}


def test_other_documents_of_a_folder_are_passed_over(sampledb: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "db.yaml").write_text(MINIMAL.read_text())
    (folder / "chart.yaml").write_text("name: {{ .Values.name }}\n")
    (folder / "namespace.yaml").write_text("apiVersion: v1\nkind: Namespace\n")
    (folder / ".hidden.yaml").write_text("kind: SampleDB\n")
    assert sampledb("render", folder).code == 0


def test_a_paused_sampledb_is_left_alone_and_told(sampledb: Run, tmp_path: Path) -> None:
    file = tmp_path / "db.yaml"
    file.write_text(MINIMAL.read_text() + "  paused: true\n")
    ended = sampledb("render", file)
    assert (ended.code, ended.out) == (0, "")
    assert "note: team-a/example-database: nothing to render: spec.paused is true" in ended.err


@pytest.mark.parametrize("tool", ["argocd", "flux"])
def test_the_hand_off_is_a_file_in_apps(sampledb: Run, tmp_path: Path, tool: str) -> None:
    url = "https://git.example.com/deploy.git"
    more = ("--delivery", tool, "--delivery-repository", url)
    assert sampledb("render", MINIMAL, "-o", tmp_path / "out", "--path", "p", *more).code == 0
    found = yaml.safe_load((tmp_path / "out/p/apps/team-a.example-database.yaml").read_text())
    assert found["kind"] == {"argocd": "Application", "flux": "Kustomization"}[tool]


def test_a_closed_pipe_is_no_fault(tmp_path: Path) -> None:
    script = f"set -o pipefail; {PROGRAM} render {EXAMPLES}/team | head -n 1"
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        cwd=tmp_path,
    )
    assert done.stderr == ""
    assert done.returncode in {0, 141}
