"""`sampledb check`: what it finds, where, and in which form it says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from command_line import EXAMPLES, MINIMAL, Run, git

BAD = EXAMPLES / "broken" / "storage-size.yaml"
FOLDER = "databases/team-a/example-database"


@pytest.fixture
def out(sampledb: Run, tmp_path: Path) -> Path:
    """A rendered folder, just as it was rendered."""
    assert sampledb("render", MINIMAL, "-o", tmp_path / "out").code == 0
    return tmp_path / "out"


def found(run: Run, *arguments: str | Path) -> list[tuple[str, str, int]]:
    """(rule, file name, line) of each finding."""
    ended = run("check", "-o", "json", *arguments)
    listed = json.loads(ended.out)["findings"]
    assert ended.code == (1 if listed else 0)
    return [(one["rule"], Path(one["file"]).name, one["line"] or 0) for one in listed]


def test_the_examples_are_right(sampledb: Run) -> None:
    assert found(sampledb, MINIMAL, EXAMPLES / "production.yaml", EXAMPLES / "team") == []


def test_a_rendered_folder_is_right(sampledb: Run, out: Path) -> None:
    assert found(sampledb, out) == []


def test_a_branch_is_checked_without_a_checkout(sampledb: Run, bare: Path) -> None:
    sampledb("commit", MINIMAL, EXAMPLES / "team", "--repository", bare, "--path", "clusters/prod")
    ended = sampledb("check", "--repository", bare, "--path", "clusters/prod")
    assert (ended.code, ended.out) == (0, "")
    assert "checked 7: nothing wrong" in ended.err


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace text in a file of the folder."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {password: "hunter2"}\n'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            edit("configmap.yaml", "max_connections", "max_wal_senders"),
            [("rendered-file-edited", "configmap.yaml")],
            id="a value",
        ),
        pytest.param(
            edit("configmap.yaml", "apiVersion", "# a comment\napiVersion"),
            [("rendered-file-edited", "configmap.yaml")],
            id="a comment",
        ),
        pytest.param(
            edit("service.yaml", "metadata:", "metadata: ["),
            [("rendered-file-edited", "service.yaml")],
            id="no YAML any more",
        ),
        pytest.param(
            edit("record.yaml", '"generation": 1', '"generation": 7'),
            [("rendered-file-edited", "record.yaml")],
            id="the record",
        ),
        pytest.param(
            edit("kustomization.yaml", '- "service.yaml"\n', ""),
            [("rendered-file-edited", "kustomization.yaml")],
            id="the kustomization",
        ),
        pytest.param(
            lambda folder: (folder / "service.yaml").unlink(),
            [("rendered-file-missing", "record.yaml")],
            id="a file removed",
        ),
        pytest.param(
            lambda folder: (folder / "kustomization.yaml").unlink(),
            [("rendered-file-missing", "record.yaml")],
            id="the kustomization removed",
        ),
        pytest.param(
            lambda folder: (folder / "notes.txt").write_text("mine"),
            [("foreign-file", "notes.txt")],
            id="a foreign file",
        ),
        pytest.param(
            lambda folder: (folder / "secret.yaml").write_text(SECRET),
            [("plaintext-secret", "secret.yaml")],
            id="a Secret",
        ),
    ],
)
def test_a_hand_edit_is_found(
    change: Callable[[Path], None],
    expected: list[tuple[str, str]],
    sampledb: Run,
    out: Path,
) -> None:
    change(out / FOLDER)
    assert [(rule, name) for rule, name, _ in found(sampledb, out)] == expected


def test_the_value_of_a_secret_is_not_repeated(sampledb: Run, out: Path) -> None:
    (out / FOLDER / "secret.yaml").write_text(SECRET)
    ended = sampledb("check", out)
    assert "hunter2" not in ended.out + ended.err


def test_the_line_that_was_edited_is_told(
    sampledb: Run, bare: Path, clone: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sampledb("commit", MINIMAL, "--repository", bare)
    checkout = clone()
    edit("configmap.yaml", "max_connections", "max_wal_senders")(checkout / FOLDER)
    lines = (checkout / FOLDER / "configmap.yaml").read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "max_wal_senders" in text)
    monkeypatch.chdir(checkout)
    expected = [("rendered-file-edited", "configmap.yaml", line)]
    assert found(sampledb, ".") == expected  # against the last commit
    git(checkout, "commit", "-qam", "by hand")
    assert found(sampledb, "--base", "origin/main", ".") == expected


def test_github_annotations_carry_file_and_line(sampledb: Run) -> None:
    ended = sampledb("check", "-o", "github", BAD)
    assert ended.code == 1
    assert re.fullmatch(
        rf"::error file={re.escape(str(BAD))},line=12,title=team-a/broken%3A invalid-input::"
        r"spec\.storage\.size: [^\n]*\n",
        ended.out,
    )


def test_github_annotations_are_escaped() -> None:
    from renderer.cli.findings import Finding, Rule  # noqa: PLC0415 - only here
    from renderer.cli.reports import Report, github  # noqa: PLC0415 - only here

    finding = Finding(rule=Rule.INPUT, file="a,b:c.yaml", line=2, problem="100%\r\n::error::no")
    assert github(Report(findings=(finding,), checked=())) == (
        "::error file=a%2Cb%3Ac.yaml,line=2,title=invalid-input::100%25%0D%0A::error::no\n"
    )


def test_sarif_names_rules_and_places(sampledb: Run) -> None:
    log = json.loads(sampledb("check", "-o", "sarif", BAD, MINIMAL).out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 12}
    assert location["physicalLocation"]["artifactLocation"]["uri"] == BAD.as_uri()


def test_junit_has_a_test_for_each_thing_checked(sampledb: Run, out: Path) -> None:
    (out / FOLDER / "notes.txt").write_text("mine")
    ended = sampledb("check", "-o", "junit", BAD, MINIMAL, out)
    root = ET.fromstring(ended.out)  # noqa: S314 - written a line above
    failed = {case.get("name"): case.find("failure") is not None for case in root.iter("testcase")}
    assert failed == {
        "team-a/broken": True,
        "team-a/example-database": False,
        str(out / FOLDER): True,
    }
    assert (root.get("tests"), root.get("failures")) == ("3", "2")


def test_text_is_a_line_for_each_finding(sampledb: Run) -> None:
    ended = sampledb("check", BAD)
    assert ended.code == 1
    assert ended.out.count("\n") == 1
    assert ended.out.startswith(f"error: {BAD}:12: spec.storage.size: ")
    assert ended.err == "note: checked 1: 1 finding\n"


def test_quiet_says_nothing_but_findings(sampledb: Run, out: Path) -> None:
    ended = sampledb("-q", "check", out)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
