"""verify.sh: the server's own word for its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Machine


def test_the_server_tells_its_version(running: Machine) -> None:
    told = running.run("verify.sh", running.client()).json
    assert told["version"] == running.psql("SHOW server_version")
    assert told["version"].split(".")[0] == running.version


def test_a_wrong_password_is_told_in_the_servers_words(running: Machine) -> None:
    result = running.run("verify.sh", running.client(PGPASSWORD="wrong"))
    assert result.code == 1
    assert "password authentication failed" in result.message


def test_a_server_that_does_not_answer_is_named(running: Machine) -> None:
    result = running.run("verify.sh", running.client(PGPORT="1", WAIT_SECONDS="0"))
    assert result.code == 1
    assert f"{running.address}:1 did not accept connections within 0 s" in result.message
