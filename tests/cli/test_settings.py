"""Settings: three sources, one value, and errors that say where to look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from renderer.cli.findings import CommandError
from renderer.cli.options import FLAGS, resolve
from renderer.core.errors import InvalidError
from renderer.settings import Settings, entries, load


def test_without_anything_the_defaults_hold() -> None:
    assert load() == Settings()


def test_flags_win_over_the_environment_and_that_over_the_file() -> None:
    found = load(
        {"repository": {"url": "file", "branch": "file", "path": "file"}},
        environment={"SAMPLEDB_REPOSITORY_URL": "env", "SAMPLEDB_REPOSITORY_BRANCH": "env"},
        flags={"repository.url": "flag"},
    )
    chosen = found.repository
    assert (chosen.url, chosen.branch, chosen.path) == ("flag", "env", "file")


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("30s", 30), ("5m", 300), ("1.5h", 5400), (7, 7)]
)
def test_durations_are_seconds(text: Any, seconds: float) -> None:
    assert load({"controller": {"resync": text}}).controller.resync == seconds


@pytest.mark.parametrize("off", ["", "0", 0])
def test_an_address_can_be_switched_off(off: object) -> None:
    assert load({"controller": {"metricsAddress": off}}).controller.metrics_address == ""


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(
            {"repository": {"ulr": "x"}},
            "s.yaml: repository.ulr: there is no such setting (got 'x'); "
            "did you mean repository.url?",
            id="a key misspelt",
        ),
        pytest.param(
            {"repository": {"commit": "all"}}, "s.yaml: repository.commit: ", id="a wrong word"
        ),
        pytest.param({"controller": {"workers": 0}}, "s.yaml: controller.workers: ", id="too few"),
        pytest.param(
            {"controller": {"resync": "5 min"}},
            "s.yaml: controller.resync: is not a duration; write it like 30s, 5m or 1h",
            id="no duration",
        ),
        pytest.param(
            {"controller": {"metricsAddress": "nowhere"}},
            "s.yaml: controller.metricsAddress: is not host:port",
            id="no address",
        ),
        pytest.param(
            {"repository": {"authorName": "a <b>"}}, "s.yaml: repository.authorName: ", id="a name"
        ),
        pytest.param(
            {"repository": {"url": "https://me:secret@example.com/x.git"}},
            "repository.url: a password in a URL ends up in logs and process lists; ",
            id="a password",
        ),
        pytest.param(
            {"repository": {"tokenFile": "/nowhere/token"}},
            "repository.tokenFile: there is no such file (got '/nowhere/token'); mount it there",
            id="no token",
        ),
        pytest.param({"repository": "x"}, "s.yaml: repository: ", id="a group that is none"),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(
    document: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidError) as error:
        load(document, file_name="s.yaml")
    assert str(error.value).startswith(message)
    assert "secret" not in str(error.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidError) as error:
        load({"controller": {"workers": 0, "resync": "x"}, "templates": 1})
    assert len(error.value.details) == 3


def test_a_variable_of_kubernetes_is_no_setting() -> None:
    assert load(environment={"SAMPLEDB_PORT": "tcp://10.0.0.1:80"}) == Settings()


def test_an_error_of_the_file_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("repository:\n  url: x\n  brnch: main\n")
    with pytest.raises(CommandError) as error:
        resolve(str(file), {}, {})
    assert str(error.value).startswith(f"{file}:3: repository.brnch: there is no such setting")


def test_an_error_of_a_variable_and_of_a_flag_names_it() -> None:
    with pytest.raises(CommandError, match=r"^environment variable SAMPLEDB_CONTROLLER_WORKERS: "):
        resolve(None, {}, {"SAMPLEDB_CONTROLLER_WORKERS": "many"})
    with pytest.raises(CommandError, match=r"^--workers: "):
        resolve(None, {"controller.workers": "many"}, {})


def test_every_setting_has_a_flag_and_a_variable_of_its_own() -> None:
    found = list(entries())
    assert {entry.key for entry in found} == FLAGS.keys()
    assert len({entry.variable for entry in found}) == len(found)
    assert len({flag for flags in FLAGS.values() for flag in flags}) >= len(found)


def test_the_shipped_settings_are_right() -> None:
    root = Path(__file__).parent.parent.parent
    found = resolve(str(root / "deploy" / "settings.yaml"), {}, {}, check_files=False)
    assert found.repository.url
