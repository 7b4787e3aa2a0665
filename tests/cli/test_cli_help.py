"""--help: what it says, that it says it at once, and by which name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT, Run

from renderer.cli import main
from renderer.cli.exits import MEANINGS, Exit
from renderer.cli.options import FLAGS
from renderer.settings import entries

GOLDEN = Path(__file__).parent / "golden"
COMMANDS = [*main.ENTRIES, "templates check", "templates list"]
HEAVY = {
    "pydantic",
    "kubernetes",
    "git",
    "jinja2",
    "rich",
    "_ruamel_yaml",
    "ruamel",
    "orjson",
    "jsonschema_rs",
    "prometheus_client",
    "importlib.metadata",
    "logging",
}


@pytest.mark.parametrize("name", ["", *(name for name in COMMANDS if name != "demo")])
def test_help_says_what_it_always_said(name: str, sampledb: Run) -> None:
    ended = sampledb(*name.split(), "--help")
    file = GOLDEN / f"{name.replace(' ', '-') or 'sampledb'}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(ended.out)
    assert ended.code == 0
    assert ended.out == file.read_text(), "UPDATE_GOLDEN=1 writes it anew: review the change"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "templates"])
def test_every_command_has_examples(name: str, sampledb: Run) -> None:
    _, found, examples = sampledb(*name.split(), "--help").out.partition("Examples:\n")
    assert found
    assert re.search(r"^ +(source <\()?.*sampledb ", examples, re.MULTILINE)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from renderer.cli.main import run; run(['--help']);"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert HEAVY & set(done.stderr.split()) == set()


def test_kubectl_shows_the_name_of_its_plug_in(process: Run) -> None:
    ended = process("get", "--help", program=Path(sys.executable).parent / "kubectl-sampledb")
    assert ended.code == 0
    assert ended.out.startswith("Usage: kubectl sampledb get [OPTIONS]")
    assert "\n  kubectl sampledb get -n team-a -o wide\n" in ended.out


def test_the_version_is_told_for_people_and_programs(sampledb: Run) -> None:
    assert re.fullmatch(r"sampledb \d+\.\d+\.\d+\n", sampledb("version").out)
    assert '"api": "sampledb.dev/v1"' in sampledb("version", "-o", "json").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str, sampledb: Run) -> None:
    ended = sampledb("completion", shell)
    assert ended.code == 0
    assert "_SAMPLEDB_COMPLETE" in ended.out


def test_completion_completes_commands(process: Run) -> None:
    ended = process(_SAMPLEDB_COMPLETE="bash_complete", COMP_WORDS="sampledb co", COMP_CWORD="1")
    assert ended.out.split() == ["plain,commit", "plain,confirm", "plain,completion"]


def test_the_documented_exit_codes_are_the_real_ones() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", text, re.MULTILINE))
    assert rows == {str(int(code)): MEANINGS[code] for code in Exit}


def test_the_documented_settings_are_the_real_ones() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", text, re.MULTILINE)
    assert rows == [(entry.key, entry.variable, ", ".join(FLAGS[entry.key])) for entry in entries()]


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    missing = [name for name in main.ENTRIES if f"`sampledb {name}" not in text]
    assert missing == []
