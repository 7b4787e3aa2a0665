"""A changed configuration reaches a server that runs: no session ends, and what can't is told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest
from open_session import open_session

if TYPE_CHECKING:
    from conftest import Machine, Result

SPEC: dict[str, Any] = {"parameters": {"work_mem": "5MB"}}


def session(machine: Machine) -> AbstractContextManager[Callable[[str], str]]:
    return open_session([str(machine.bin / "psql")], machine.client())


def reload(machine: Machine, seconds: str = "20") -> Result:
    return machine.run("reload.sh", machine.client(RELOAD_SECONDS=seconds))


def test_a_session_that_was_open_before_sees_the_change_and_stays(
    machine: Machine, wait_until: Callable[..., None]
) -> None:
    machine.mount(SPEC)
    machine.start()
    started = machine.psql("SELECT pg_postmaster_start_time()")
    with session(machine) as ask:
        assert ask("SHOW work_mem") == "5MB"
        machine.mount({"parameters": {"work_mem": "6MB"}}, reload=True)
        told = reload(machine).json
        assert (told["restart"], told["reloaded"]) == ([], machine.config_sha256)
        assert told["version"].startswith(machine.version)
        assert ask("SHOW work_mem") == "6MB"
        machine.mount({"parameters": {}, "pgHba": ["host all nobody_else all reject"]}, reload=True)
        wait_until(lambda: ask("SHOW work_mem") == "4MB")
        first = "SELECT user_name FROM pg_hba_file_rules ORDER BY line_number LIMIT 1"
        assert machine.psql(first) == "{nobody_else}"
    assert machine.psql("SELECT pg_postmaster_start_time()") == started
    assert machine.stop() == 0


def test_a_pod_of_the_old_template_starts_with_what_came_by_a_reload(machine: Machine) -> None:
    machine.mount(SPEC)
    machine.start()
    machine.mount({"parameters": {"work_mem": "6MB"}}, reload=True)
    assert machine.stop() == 0
    machine.start()
    assert machine.psql("SHOW work_mem") == "6MB"


def test_what_a_change_of_the_template_brings_is_left_to_the_new_pod(
    machine: Machine, wait_until: Callable[..., None]
) -> None:
    machine.mount(SPEC)
    turns = machine.volume("tmp") / "turns"
    machine.shim("sleep", f'echo >> "{turns}"; exec /bin/sleep 0.1')
    machine.start(PATH=f"{turns.with_name('shims')}:{machine.env()['PATH']}")
    loaded = machine.psql("SELECT pg_conf_load_time()")
    machine.mount({"parameters": {"work_mem": "7MB"}})
    before = turns.stat().st_size
    wait_until(lambda: turns.stat().st_size > before + 2)
    assert machine.psql("SELECT pg_conf_load_time()") == loaded
    assert machine.psql("SHOW work_mem") == "5MB"


def test_a_server_stops_at_once_and_nothing_of_it_is_left(machine: Machine) -> None:
    machine.start()
    assert machine.server
    group = machine.server.pid
    assert machine.stop() == 0
    listed = subprocess.run(
        ["ps", "-o", "args=", "-g", str(group)], capture_output=True, text=True, check=False
    )
    assert "start.sh" not in listed.stdout


def test_a_server_outlives_the_end_of_what_follows_the_files(machine: Machine) -> None:
    machine.mount(SPEC)
    machine.start()
    assert machine.server
    found = subprocess.run(
        ["pgrep", "-P", str(machine.server.pid), "-f", "start.sh"],
        capture_output=True,
        text=True,
        check=True,
    )
    subprocess.run(["kill", "-KILL", *found.stdout.split()], check=True)
    machine.mount({"parameters": {"work_mem": "6MB"}}, reload=True)
    assert reload(machine).json["restart"] == []
    assert machine.psql("SHOW work_mem") == "6MB"
    assert machine.stop() == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"shared_buffers": "20MB"}, {"shared_buffers": "24MB"}, id="changed"),
        pytest.param({"max_locks_per_transaction": "80"}, {}, id="taken away"),
    ],
)
def test_what_only_a_restart_puts_in_force_is_named(
    machine: Machine, before: dict[str, str], after: dict[str, str]
) -> None:
    machine.mount({"parameters": before})
    machine.start()
    name = next(iter(before))
    machine.mount({"parameters": {**after, "work_mem": "6MB"}}, reload=True)
    asked = {"RUNNING": "yes", "CHANGED": "", "AFFECTED": f"{name},work_mem"}
    assert machine.run("check.sh", machine.client(**asked)).json["restart"] == [name]
    assert reload(machine).json["restart"] == [name]
    assert machine.psql("SHOW work_mem") == "6MB"


def test_what_alter_system_has_left_pending_is_no_change_of_the_sampledbs(
    machine: Machine,
) -> None:
    machine.mount(SPEC)
    machine.start()
    machine.psql("ALTER SYSTEM SET max_wal_senders = 7")
    machine.mount({"parameters": {"work_mem": "6MB"}}, reload=True)
    assert reload(machine).json["restart"] == []
    asked = {"RUNNING": "yes", "CHANGED": "work_mem", "AFFECTED": "work_mem"}
    assert machine.run("check.sh", machine.client(**asked)).json["restart"] == []


def test_files_that_do_not_come_are_told(machine: Machine) -> None:
    machine.start()
    env = machine.client(CONFIG_SHA256="0" * 64, RELOAD_SECONDS="1")
    result = machine.run("reload.sh", env)
    assert (result.code, result.message) == (
        65,
        "the changed ConfigMap has not come to the server's container within 1 s\n",
    )


def test_what_the_server_does_not_take_is_told_in_its_words(machine: Machine) -> None:
    machine.mount(SPEC)
    machine.start()
    machine.mount({"parameters": {"work_mem": "6 parsecs"}}, reload=True)
    result = reload(machine)
    assert result.code == 65
    assert "work_mem = '6 parsecs': setting could not be applied" in result.message
    machine.mount({"pgHba": ["host all all somewhere"]}, reload=True)
    result = reload(machine)
    assert result.code == 65
    assert "line 2 of pg_hba.conf: end-of-line before auth" in result.message
    assert machine.psql("SELECT 1") == "1"


def test_a_server_that_lets_the_superuser_in_no_more_is_told(machine: Machine) -> None:
    machine.start()
    machine.mount({"pgHba": ["host all postgres all reject"]}, reload=True)
    result = reload(machine)
    assert result.code == 65
    assert "lets postgres in no more" in result.message
    assert "pg_hba.conf rejects connection" in result.message
