"""Bad input: one clear message, a non-zero exit, nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import EXAMPLES, MINIMAL, ROOT, Run, git

BROKEN = sorted((EXAMPLES / "broken").glob("*.yaml"))


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in BROKEN])
@pytest.mark.usefixtures("untouched")
def test_a_broken_example_is_refused_with_its_line(file: Path, sampledb: Run) -> None:
    ended = sampledb("render", file, "-o", "out")
    assert (ended.code, ended.out) == (2, "")
    for line in ended.err.splitlines():
        assert line.startswith(f"error: {file}:")
        assert line.split(":")[2].isdigit()
    assert "fault in sampledb" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["rendr"], 2, "no such command 'rendr'", id="a command that there isn't"),
        pytest.param(["render", "--paht", "x"], 2, "no such option", id="an option that isn't"),
        pytest.param(["render"], 2, "nothing to read: give files or folders", id="no input"),
        pytest.param(
            ["render", "nowhere.yaml"],
            2,
            "nowhere.yaml: no such file or folder; correct the path",
            id="a file that there isn't",
        ),
        pytest.param(
            ["render", MINIMAL, "--path", "../elsewhere"],
            2,
            "must stay inside the repository (got '../elsewhere')",
            id="a path that leaves the repository",
        ),
        pytest.param(
            ["render", MINIMAL, "--templates", "nowhere"],
            2,
            "nowhere",
            id="no templates",
        ),
        pytest.param(
            ["render", MINIMAL, "--delivery", "argocd"],
            2,
            "delivery.repositoryUrl: Argo CD's Applications name the repository",
            id="an application without its repository",
        ),
        pytest.param(["diff", MINIMAL], 2, "no repository is set; give --repository", id="no URL"),
        pytest.param(["commit", MINIMAL], 2, "no repository is set", id="commit without a URL"),
        pytest.param(
            ["commit", MINIMAL, "--repository", "https://user:secret@example.com/x.git"],
            2,
            "a password in a URL ends up in logs",
            id="a password in the URL",
        ),
        pytest.param(
            ["commit", MINIMAL, "--repository", "nowhere.git"],
            2,
            "there is no Git repository at this address",
            id="not a repository",
        ),
        pytest.param(
            ["commit", MINIMAL, "--repository", "http://127.0.0.1:1/x.git"],
            3,
            "repository http://127.0.0.1:1/x.git",
            id="unreachable",
        ),
        pytest.param(
            ["run", "--repository", "x.git", "--workers", "0"],
            2,
            "--workers: it should be greater than or equal to 1 (got '0')",
            id="a flag out of its range",
        ),
        pytest.param(
            ["run", "--repository", "x.git", "--kubeconfig", "nowhere"],
            2,
            "there is no kubeconfig (got 'nowhere'); give --kubeconfig FILE",
            id="no kubeconfig",
        ),
        pytest.param(
            ["get", "--kubeconfig", "nowhere"], 2, "there is no kubeconfig", id="get without one"
        ),
        pytest.param(["check", MINIMAL, "--base", "main"], 2, "in no Git repository", id="no base"),
        pytest.param(["check", "."], 2, "no SampleDB and no rendered folder", id="nothing found"),
        pytest.param(
            ["templates", "check", "nothing"],
            1,
            "has no template pack (got 'nothing'); there are postgresql",
            id="no such pack",
        ),
        pytest.param(
            ["install", "--settings", "nowhere.yaml"],
            2,
            "nowhere.yaml: no such file or directory",
            id="no settings",
        ),
        pytest.param(["completion", "tcsh"], 2, "'tcsh' is not one of", id="an unknown shell"),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_bad_input_has_one_message_and_an_exit_code(
    arguments: list[str], code: int, message: str, sampledb: Run
) -> None:
    ended = sampledb(*arguments)
    assert message in ended.out + ended.err
    assert ended.code == code
    assert "secret@" not in ended.err
    assert "Traceback" not in ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith("error: ")]) <= 1


def test_a_process_ends_with_the_exit_code_and_without_a_traceback(process: Run) -> None:
    ended = process("render", EXAMPLES / "broken" / "storage-size.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("error: ")


def test_debug_shows_the_traceback(sampledb: Run) -> None:
    ended = sampledb("--debug", "render", "nowhere.yaml")
    assert "Traceback (most recent call last)" in ended.err
    assert ended.err.splitlines()[-1].startswith("error: nowhere.yaml: no such file")


def test_errors_are_json_when_asked(sampledb: Run) -> None:
    file = EXAMPLES / "broken" / "storage-size.yaml"
    ended = sampledb("render", file, "--log-format", "json")
    (line,) = ended.err.splitlines()
    found = json.loads(line)
    assert (found["level"], found["file"], found["line"]) == ("error", str(file), 12)
    assert (found["field"], found["value"], found["exitCode"]) == ("spec.storage.size", "'10GB'", 2)


def test_the_same_sampledb_twice_is_refused_with_both_places(sampledb: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    shutil.copy(MINIMAL, copy)
    ended = sampledb("render", MINIMAL, copy)
    assert ended.code == 2
    assert f"error: {copy}:6: metadata.name: this SampleDB is given twice" in ended.err
    assert f"first in {MINIMAL}:3" in ended.err


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the built-in pack, to break."""
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "templates" / "postgresql", folder / "postgresql")
    return folder / "postgresql"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param(
            "service.yaml.j2",
            'kind: "Service"',
            'kind: ["Service"',
            "service.yaml",
            id="invalid YAML",
        ),
        pytest.param(
            "service.yaml.j2", 'kind: "Service"', "kind: {{ knd }}", "knd", id="undefined variable"
        ),
        pytest.param(
            "service.yaml.j2", 'kind: "Service"', 'kind: "Secret"', "Secret", id="a Secret"
        ),
    ],
)
def test_a_broken_template_is_named_and_nothing_is_written(
    file: str, old: str, new: str, message: str, sampledb: Run, pack: Path
) -> None:
    template = pack / file
    assert old in template.read_text()
    template.write_text(template.read_text().replace(old, new))
    ended = sampledb("render", MINIMAL, "--templates", pack.parent, "-o", "out")
    assert ended.code == 2
    assert message in ended.err
    assert "service.yaml" in ended.err
    assert not Path("out").exists()
    checked = sampledb("templates", "check", pack)
    assert checked.code == 1
    assert message in checked.out


def test_a_protected_branch_is_a_refusal(sampledb: Run, bare: Path) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    ended = sampledb("commit", MINIMAL, "--repository", bare)
    assert ended.code == 4
    assert "main is protected" in ended.err
    assert git(bare, "for-each-ref") == ""


def test_a_path_of_a_controller_is_a_refusal(sampledb: Run, bare: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(bare), str(other))
    (other / ".sampledb-owner.yaml").write_text('cluster: "1"\nshard: ""\n')
    git(other, "add", ".")
    git(other, "commit", "-qm", "fence")
    git(other, "push", "-q", "origin", "HEAD:main")
    before = git(bare, "rev-parse", "main")
    ended = sampledb("commit", MINIMAL, "--repository", bare)
    assert ended.code == 4
    assert "a controller writes to this path" in ended.err
    fenced = sampledb("commit", MINIMAL, "--repository", bare, "--cluster-name", "2")
    assert fenced.code == 4
    assert git(bare, "rev-parse", "main") == before
