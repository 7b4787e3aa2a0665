"""A changed configuration on a real server: refused before it is rolled out, or in force."""

from __future__ import annotations

from typing import Any

from laptop_line import Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
INIT = {"sql": ["CREATE TABLE items AS SELECT n FROM generate_series(1, 1000) AS n"]}
ROWS = "SELECT count(*), sum(n) FROM items"


def _set(line: Line, **spec: Any) -> None:
    line.edit(lambda db: db["spec"].update(spec))


def _show(line: Line, name: str) -> str:
    return str(line.laptop.psql(KEY, f"SHOW {name}")[0][0])


def _started(line: Line) -> object:
    return line.laptop.psql(KEY, "SELECT pg_postmaster_start_time()")


def test_what_the_server_refuses_is_told_and_the_server_runs_on_until_it_is_mended(
    line: Line,
) -> None:
    with line.controller():
        line.create(init=INIT, parameters={"max_connections": "40"})
        line.until(lambda: line.holds("Ready"), "Ready")
        rows, started = line.laptop.psql(KEY, ROWS), _started(line)

        _set(line, parameters={"max_conections": "50"})
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert 'unrecognized configuration parameter "max_conections"' in line.message("Stalled")
        assert (_started(line), _show(line, "max_connections")) == (started, "40")

        _set(line, pgHba=["host all all somewhere"], parameters={"max_connections": "40"})
        line.until(lambda: "pg_hba.conf" in line.message("Stalled"), "pg_hba.conf refused")
        assert _started(line) == started

        _set(line, pgHba=[], parameters={"max_connections": "40"})
        line.until(lambda: line.holds("Ready"), "Ready with what it had")
        assert _started(line) == started

        line.laptop.psql(KEY, "ALTER SYSTEM SET max_connections = 45", superuser=True)
        _set(line, parameters={"max_connections": "50"})
        line.until(lambda: "ALTER SYSTEM" in line.message("Stalled"), "ALTER SYSTEM told")
        line.laptop.psql(KEY, "ALTER SYSTEM RESET max_connections", superuser=True)
        _set(line, parameters={"max_connections": "50", "app.tenant": "it's"})
        line.until(lambda: line.holds("Ready"), "Ready")
        assert (_show(line, "max_connections"), line.laptop.psql(KEY, ROWS)) == ("50", rows)
    assert line.subjects()[-3:] == [
        "configure, step 1 of 3: try the changed configuration",
        "configure with a restart for max_connections, step 2 of 3: apply the changed spec",
        "configure with a restart for max_connections, step 3 of 3: the changed spec is in force",
    ]


def test_a_new_version_that_does_not_know_a_parameter_is_not_begun(line: Line) -> None:
    with line.controller():
        line.create(version="16", init=INIT, parameters={"db_user_namespace": "off"})
        line.until(lambda: line.holds("Ready"), "Ready")
        rows, started = line.laptop.psql(KEY, ROWS), _started(line)

        _set(line, version="18")
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert 'parameter "db_user_namespace"' in line.message("Stalled")
        assert _started(line) == started

        _set(line, parameters={"io_method": "worker"})
        line.until(lambda: line.holds("Ready"), "Ready", seconds=120)
        assert (_show(line, "io_method"), line.laptop.psql(KEY, ROWS)) == ("worker", rows)
    assert not any("configure" in subject for subject in line.subjects())
