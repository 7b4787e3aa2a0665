"""start.sh and ready.sh: from an empty volume to a server, and what is refused."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Machine


def test_an_empty_volume_becomes_a_server_and_a_restart_keeps_its_data(machine: Machine) -> None:
    machine.start()
    assert machine.psql("SHOW server_version").startswith(machine.version)
    assert machine.psql("SHOW data_checksums") == "on"
    assert machine.psql("SHOW server_encoding") == "UTF8"
    assert machine.psql("SELECT upper('é')") == "É"
    machine.psql("CREATE TABLE kept AS SELECT 1 AS one")
    assert machine.stop() == 0
    assert machine.run("ready.sh", machine.env()).code != 0
    machine.start()
    assert machine.psql("SELECT one FROM kept") == "1"
    assert "recovery" not in (machine.root / "server.log").read_text().split("shut down")[-1]


def test_sigterm_stops_the_server_fast_although_a_client_is_connected(machine: Machine) -> None:
    machine.start()
    with subprocess.Popen(
        [str(machine.bin / "psql"), "-Xw", "-c", "SELECT pg_sleep(60)"],
        env=machine.client(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as client:
        assert machine.stop() == 0
        assert client.wait(timeout=10) != 0


def test_a_killed_initdb_leaves_nothing_that_stops_the_next_start(
    machine: Machine, wait_until: Callable[..., None]
) -> None:
    server = machine.launch()
    partial = machine.pgdata.with_name("docker.partial")
    wait_until((partial / "PG_VERSION").exists)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait(timeout=10)
    assert not machine.pgdata.exists()
    machine.start()
    assert machine.psql("SELECT 1") == "1"
    assert not partial.exists()


def test_group_writable_directories_of_a_volume_are_put_right(machine: Machine) -> None:
    machine.start()
    machine.stop()
    machine.pgdata.chmod(0o2770)
    machine.start()
    assert stat.S_IMODE(machine.pgdata.stat().st_mode) & 0o777 == 0o700


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param(
            {"14/docker/PG_VERSION": "14\n"},
            "data of PostgreSQL 14 found, {wanted} wanted",
            id="another-major",
        ),
        pytest.param(
            {"{wanted}/docker/PG_VERSION": "{wanted}\n", "99/docker/PG_VERSION": "99\n"},
            "data of PostgreSQL 99 found beside that of {wanted}",
            id="a-newer-major-beside-ours",
        ),
        pytest.param(
            {"{wanted}/docker/PG_VERSION": "9\n"},
            "data of PostgreSQL 9 found, {wanted} wanted",
            id="another-major-in-our-place",
        ),
        pytest.param(
            {"{wanted}/docker/some-file": "x"},
            "it isn't a PostgreSQL cluster",
            id="foreign-files",
        ),
        pytest.param({"data/PG_VERSION": "14\n"}, "volume's root", id="old-layout"),
    ],
)
def test_data_that_this_server_can_not_use_is_refused_and_left_alone(
    machine: Machine, files: dict[str, str], words: str
) -> None:
    for name, text in files.items():
        path = machine.volume("data") / name.format(wanted=machine.version)
        path.parent.mkdir(parents=True)
        path.write_text(text.format(wanted=machine.version))
    result = machine.run("start.sh", machine.env())
    assert result.code == 1
    assert words.format(wanted=machine.version) in result.message
    assert result.message.count("\n") == 1
    for name, text in files.items():
        path = machine.volume("data") / name.format(wanted=machine.version)
        assert path.read_text() == text.format(wanted=machine.version)


@pytest.mark.parametrize("password", ["", "two\nlines"], ids=["empty", "line-break"])
def test_a_password_that_initdb_would_cut_is_refused(machine: Machine, password: str) -> None:
    result = machine.run("start.sh", machine.env(POSTGRES_PASSWORD=password))
    assert result.code == 1
    assert "postgres-password" in result.message
    assert not machine.pgdata.exists()


def test_a_full_volume_says_so_in_initdbs_words(machine: Machine) -> None:
    result = machine.run("start.sh", machine.env(), before="ulimit -f 100; trap '' XFSZ")
    assert result.code == 1
    assert result.message.startswith("initdb failed: ")
    assert not machine.pgdata.exists()


def test_settings_and_hba_lines_of_the_spec_are_in_force(machine: Machine) -> None:
    odd = r"a 'quoted' \ back\\slash # no comment"
    machine.mount(
        {
            "parameters": {"cluster_name": odd, "work_mem": "7MB"},
            "pgHba": ["host all nobody_else all reject"],
        }
    )
    machine.start()
    assert machine.psql("SHOW cluster_name") == odd
    assert machine.psql("SHOW work_mem") == "7MB"
    first = "SELECT user_name FROM pg_hba_file_rules ORDER BY line_number LIMIT 1"
    assert machine.psql(first) == "{nobody_else}"
    assert machine.psql("SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == "0"


def test_a_config_map_that_lags_behind_is_waited_for(machine: Machine) -> None:
    wanted = machine.config_sha256
    config = machine.volume("config") / "postgresql.conf"
    text = config.read_text()
    config.write_text("# the ConfigMap before the change\n")
    env = machine.env(CONFIG_SHA256=wanted, WAIT_SECONDS="0")
    result = machine.run("start.sh", env)
    assert result.code == 1
    assert "not the one this Pod was rendered with" in result.message
    late = f'( sleep 0.3; cp "{config}.new" "{config}" ) &'
    config.with_name("postgresql.conf.new").write_text(text)
    config.chmod(0o666)
    env = machine.env(CONFIG_SHA256=wanted, WAIT_SECONDS="10", POSTGRES_PASSWORD="")
    assert "postgres-password is empty" in machine.run("start.sh", env, before=late).message
