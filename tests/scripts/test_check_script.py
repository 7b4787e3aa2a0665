"""check.sh: what a server would refuse is refused before it is rolled out, in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Machine, Result


def check(machine: Machine, *hba: str, before: str = "", **parameters: str) -> Result:
    names = {name.replace("__", "."): value for name, value in parameters.items()}
    machine.mount({"parameters": names, "pgHba": list(hba)})
    return machine.run("check.sh", machine.client(RUNNING="", CHANGED=""), before=before)


def nothing_is_left(machine: Machine) -> bool:
    return not (machine.processes() or (machine.volume("tmp") / "tried").exists())


@pytest.mark.parametrize(
    ("hba", "parameters"),
    [
        pytest.param([], {}, id="the defaults"),
        pytest.param([], {"work_mem": "8MB", "Autovacuum_Naptime": "2min"}, id="values"),
        pytest.param([], {"app__tenant": "it's"}, id="a parameter of the application's"),
        pytest.param(["host all all 10.0.0.0/8 reject"], {}, id="a line of pg_hba.conf"),
        pytest.param(["local all all reject"], {}, id="nobody may come in"),
        pytest.param([], {"shared_buffers": "900GB", "huge_pages": "on"}, id="a large server"),
        pytest.param([], {"shared_preload_libraries": "plpgsql"}, id="a library"),
        pytest.param([], {"log_destination": "csvlog", "log_line_prefix": "x"}, id="log"),
        pytest.param(
            [], {"archive_mode": "on", "archive_command": "false", "fsync": "on"}, id="archive"
        ),
    ],
)
def test_what_the_server_takes_is_taken(
    machine: Machine, hba: list[str], parameters: dict[str, str]
) -> None:
    result = check(machine, *hba, **parameters).json
    assert result["version"].split(".")[0] == machine.version
    assert result["checked"] == machine.config_sha256
    assert nothing_is_left(machine)


@pytest.mark.parametrize(
    ("hba", "parameters", "words"),
    [
        pytest.param(
            [],
            {"max_conections": "5"},
            'unrecognized configuration parameter "max_conections"',
            id="unknown",
        ),
        pytest.param(
            [],
            {"max_connections": "0"},
            '0 is outside the valid range for parameter "max_connections" (1 .. 262143)',
            id="range",
        ),
        pytest.param(
            [], {"shared_buffers": "0"}, 'outside the valid range for parameter "sha', id="memory"
        ),
        pytest.param(
            [],
            {"work_mem": "4 parsecs"},
            'invalid value for parameter "work_mem": "4 parsecs" HINT: Valid units for this',
            id="unit",
        ),
        pytest.param(
            [], {"wal_level": "bogus"}, "HINT: Available values: minimal, replica", id="enum"
        ),
        pytest.param([], {"wal_level": "minimal"}, "WAL streaming (", id="combination"),
        pytest.param([], {"superuser_reserved_connections": "200"}, "must be less than", id="sum"),
        pytest.param(
            [], {"shared_preload_libraries": "nosuch"}, 'access file "nosuch"', id="library"
        ),
        pytest.param(
            [], {"session_preload_libraries": "nosuch"}, 'access file "nosuch"', id="session"
        ),
        pytest.param(
            [],
            {"shared_preload_libraries": "plpgsql", "plpgsql__variable_conflict": "bogus"},
            "plpgsql.variable_conflict",
            id="a library's value",
        ),
        pytest.param(
            [],
            {"shared_preload_libraries": "plpgsql", "plpgsql__bogus": "1"},
            "plpgsql.bogus",
            id="a library's name",
        ),
        pytest.param([], {"data_checksums": "on"}, "cannot be changed", id="fixed"),
        pytest.param(
            ["hots all all all trust"], {}, 'invalid connection type "hots"', id="pg_hba.conf"
        ),
        pytest.param(["host all"], {}, "line 2 of pg_hba.conf", id="the line is told"),
    ],
)
def test_what_the_server_refuses_is_told_in_its_own_words(
    machine: Machine, hba: list[str], parameters: dict[str, str], words: str
) -> None:
    result = check(machine, *hba, **parameters)
    assert result.code == 65, (result.message, result.output)
    assert f"PostgreSQL {machine.version}." in result.message
    assert words in " ".join(result.message.split())
    assert str(machine.root) not in result.message
    assert result.message.count("\n") == 1
    assert nothing_is_left(machine)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"work_mem": "8MB"}, "", id="a parameter that nobody set"),
        pytest.param(
            {"maintenance_work_mem": "9MB"},
            "maintenance_work_mem was set by ALTER SYSTEM, which wins over the SampleDB",
            id="ALTER SYSTEM",
        ),
        pytest.param(
            {"max_prepared_transactions": "0"},
            "there are 1 prepared transactions and max_prepared_transactions would be 0",
            id="prepared transactions",
        ),
        pytest.param(
            {"max_replication_slots": "0", "max_prepared_transactions": "1"},
            "there are 1 replication slots and max_replication_slots would be 0",
            id="slots",
        ),
        pytest.param(
            {"wal_level": "minimal", "max_wal_senders": "0"},
            "there are replication slots that wal_level = minimal has no use for",
            id="wal_level",
        ),
    ],
)
def test_what_only_the_running_server_knows_is_told(
    busy: Machine, parameters: dict[str, str], words: str
) -> None:
    busy.mount({"parameters": {"max_prepared_transactions": "2", **parameters}})
    changed = {"RUNNING": "yes", "CHANGED": ",".join(parameters)}
    result = busy.run("check.sh", busy.client(**changed))
    assert result.code == (65 if words else 0), (result.message, result.output)
    assert words in result.message
    assert busy.psql("SHOW maintenance_work_mem") == "7MB"


@pytest.fixture(scope="module", params=["16", "18"], ids=lambda version: f"postgresql-{version}")
def busy(request: pytest.FixtureRequest, machines: Callable[[str], Machine]) -> Iterator[Machine]:
    """A server with a prepared transaction, a slot, and a setting of its own."""
    made = machines(request.param)
    try:
        made.mount({"parameters": {"max_prepared_transactions": "2"}})
        made.start()
        made.psql("CREATE TABLE t (n int)")
        made.psql("SELECT pg_create_physical_replication_slot('held')")
        made.psql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'held'")
        made.psql("ALTER SYSTEM SET maintenance_work_mem = '7MB'")
        made.psql("SELECT pg_reload_conf()")
        yield made
    finally:
        made.close()


def test_a_server_that_does_not_answer_stands_in_no_ones_way(machine: Machine) -> None:
    env = machine.client(RUNNING="yes", CHANGED="work_mem", PGPORT="1")
    assert machine.run("check.sh", env).json["checked"] == machine.config_sha256
