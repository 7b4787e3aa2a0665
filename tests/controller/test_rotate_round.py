"""A rotation on a real server, all the way round."""

from __future__ import annotations

import pytest
from laptop_line import Line

from renderer.core.errors import TransientError
from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")


def test_the_new_password_lets_in_and_the_old_one_no_longer(line: Line) -> None:
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        old = _secret(line)
        assert line.laptop.psql(KEY, "SELECT 1", secret=old) == [("1",)]
        rotation = {"rotation": {"requestedAt": "monday"}}
        line.edit(lambda db: db["spec"].update(credentials=rotation))
        line.until(lambda: _secret(line) != old and line.holds("Ready"), "Ready with another")
        new = _secret(line)
        assert line.laptop.psql(KEY, "SELECT 1", secret=new) == [("1",)]
        assert line.laptop.psql(KEY, "SELECT 1", secret=new, superuser=True) == [("1",)]
        with pytest.raises(TransientError, match="password authentication failed"):
            line.laptop.psql(KEY, "SELECT 1", secret=old)


def _secret(line: Line) -> str:
    endpoint = (line.get() or {})["status"]["endpoint"]
    return str(endpoint["secretName"])
