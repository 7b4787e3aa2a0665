"""A configuration that needs no restart reaches a real server while it runs, all the way round."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from laptop_line import Line
from open_session import open_session

from renderer.core.layout import Key
from renderer.local.environment import content
from renderer.local.objects import SECRETS, uid_of
from renderer.local.programs import INSTALLS

KEY = Key(namespace="team-a", name="orders")
INIT = {"sql": ["CREATE TABLE items AS SELECT n FROM generate_series(1, 1000) AS n"]}
ROWS = "SELECT count(*), sum(n) FROM items"
RELOAD = [
    "configure, step 1 of 3: try the changed configuration",
    "configure, step 2 of 3: reload the configuration, without a restart",
    "configure, step 3 of 3: the changed spec is in force",
]


def session(line: Line) -> AbstractContextManager[Callable[[str], str]]:
    """A session of an application's."""
    secret = content(SECRETS, line.laptop.objects.get(SECRETS, *_secret()) or {})
    env = {
        "PATH": os.environ["PATH"],
        "PGHOST": line.laptop.node.resolve(KEY.name, KEY.namespace) or "",
        "PGDATABASE": secret["database"].decode(),
        "PGUSER": secret["username"].decode(),
        "PGPASSWORD": secret["password"].decode(),
    }
    programs = line.laptop.node.programs.directory(max(INSTALLS))
    return open_session([str(programs / "psql")], env)


def _secret() -> tuple[str, str]:
    return KEY.namespace, f"{KEY.name}-credentials"


def _ask(line: Line, sql: str) -> str:
    return str(line.laptop.psql(KEY, sql)[0][0])


def _server(line: Line) -> tuple[str, str]:
    """Which Pod it is, and since when its server runs."""
    pod = line.laptop.objects.get("pods", KEY.namespace, f"{KEY.name}-0") or {}
    return uid_of(pod), _ask(line, "SELECT pg_postmaster_start_time()")


def _ready(line: Line) -> None:
    line.until(lambda: line.holds("Ready"), "Ready", seconds=180)


def _set(line: Line, parameters: dict[str, str], **spec: Any) -> None:
    line.edit(lambda db: db["spec"].update(parameters=parameters, **spec))
    _ready(line)


def _put_back(line: Line, commits: int) -> None:
    """`git revert` of so many commits, pushed by a person."""
    tree = line.git.run("rev-parse", f"main~{commits}^{{tree}}").out.decode().strip()
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"]
    made = line.git.run(*who, "commit-tree", tree, "-p", "main", "-m", "Revert the reload")
    assert line.git.run("update-ref", "refs/heads/main", made.out.decode().strip()).ok


def test_a_session_sees_what_needs_no_restart_and_what_does_is_told(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, parameters={"work_mem": "5MB"})
        _ready(line)
        server, rows = _server(line), line.laptop.psql(KEY, ROWS)
        with session(line) as ask:
            assert ask("SHOW work_mem") == "5MB"
            _set(line, {"work_mem": "6MB"}, pgHba=["host all nobody_else all reject"])
            assert ask("SHOW work_mem") == "6MB"
        assert line.subjects()[-3:] == RELOAD
        assert _server(line) == server

        _set(line, {"work_mem": "7MB", "max_locks_per_transaction": "80"})
        assert line.subjects()[-2:] == [
            f"configure with a restart for max_locks_per_transaction, step {step}"
            for step in (
                "2 of 3: apply the changed spec",
                "3 of 3: the changed spec is in force",
            )
        ]
        assert _server(line)[0] != server[0]
        assert _ask(line, "SHOW max_locks_per_transaction") == "80"
        assert (_ask(line, "SHOW work_mem"), line.laptop.psql(KEY, ROWS)) == ("7MB", rows)


def test_a_pod_that_comes_later_has_what_was_reloaded_and_a_sleeping_server_when_it_wakes(
    line: Line,
) -> None:
    with line.controller():
        line.create(init=INIT, parameters={"work_mem": "5MB"})
        _ready(line)
        _set(line, {"work_mem": "6MB"})
        before, rows = _server(line), line.laptop.psql(KEY, ROWS)
        pod = line.laptop.objects.get("pods", KEY.namespace, f"{KEY.name}-0")
        assert pod
        line.laptop.objects.delete("pods", pod)
        line.until(lambda: not line.holds("Ready"), "the Pod is gone")
        _ready(line)
        assert _server(line)[0] != before[0]
        assert (_ask(line, "SHOW work_mem"), line.laptop.psql(KEY, ROWS)) == ("6MB", rows)

        line.edit(lambda db: db["spec"].update(hibernate=True, parameters={"work_mem": "7MB"}))
        _ready(line)
        _set(line, {"work_mem": "7MB"}, hibernate=False)
        assert (_ask(line, "SHOW work_mem"), line.laptop.psql(KEY, ROWS)) == ("7MB", rows)


def test_a_reload_that_is_reverted_comes_again_or_is_undone_with_the_wish(line: Line) -> None:
    with line.controller():
        line.create(parameters={"work_mem": "5MB"})
        _ready(line)
        _set(line, {"work_mem": "6MB"})
        server, commits = _server(line), len(line.subjects())
        _put_back(line, 3)
        line.until(lambda: len(line.subjects()) == commits + 4, "the reload again", seconds=120)
        _ready(line)
        assert line.subjects()[-3:] == RELOAD
        assert (_ask(line, "SHOW work_mem"), _server(line)) == ("6MB", server)
    line.edit(lambda db: db["spec"].update(parameters={"work_mem": "5MB"}))
    _put_back(line, 4)
    with line.controller():
        line.until(lambda: _ask(line, "SHOW work_mem") == "5MB", "the old configuration")
        _ready(line)
        assert (_ask(line, "SHOW work_mem"), _server(line)) == ("5MB", server)


def test_a_controller_that_is_killed_in_the_middle_goes_on_and_a_change_follows(
    line: Line,
) -> None:
    with line.controller() as first:
        line.create(parameters={"work_mem": "5MB"})
        _ready(line)
        server = _server(line)
        line.edit(lambda db: db["spec"].update(parameters={"work_mem": "6MB"}))
        line.until(lambda: line.subjects()[-1] == RELOAD[1], "the reload")
        first.kill()
        first.wait()
    with line.controller():
        _set(line, {"work_mem": "7MB"})
        assert (_ask(line, "SHOW work_mem"), _server(line)) == ("7MB", server)
    assert line.subjects()[-3:] == RELOAD
