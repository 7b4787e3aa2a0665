"""rotate.sh: new passwords are in force, the old ones are not, and neither is in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Machine, Result

NEW = "n'e\"w $HOME `id` \\ %s :owner ü"
OWNER = "Own\"er's"


def rotate(machine: Machine, *, before: str = "", **more: str) -> Result:
    at = {"OWNER": OWNER, "OWNER_PASSWORD": NEW, "POSTGRES_PASSWORD": "", "DATABASE": "postgres"}
    return machine.run("rotate.sh", machine.client(**{**at, **more}), before=before)


@pytest.fixture
def served(machine: Machine) -> Machine:
    """A server that logs every statement, with an owner."""
    machine.mount({"parameters": {"log_statement": "all", "log_min_duration_statement": "0"}})
    machine.start()
    machine.psql('CREATE ROLE "Own""er\'s" LOGIN PASSWORD \'old\'')
    return machine


def refused(machine: Machine, role: str, password: str) -> bool:
    """Whether the server doesn't let this role in."""
    with pytest.raises(AssertionError, match="password authentication failed"):
        machine.psql("SELECT 1", PGUSER=role, PGPASSWORD=password)
    return True


def test_the_new_passwords_are_in_force_and_the_old_ones_are_not(served: Machine) -> None:
    old = served.client()["PGPASSWORD"]
    result = rotate(served, POSTGRES_PASSWORD=NEW + "2").json
    assert result == {
        "rotated": [OWNER, "postgres"],
        "version": served.psql("SHOW server_version", PGPASSWORD=NEW + "2"),
    }
    assert served.psql("SELECT current_user", PGUSER=OWNER, PGPASSWORD=NEW) == OWNER
    assert refused(served, OWNER, "old")
    assert refused(served, "postgres", old)
    stored = "SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256$%') FROM pg_authid WHERE rolcanlogin"
    assert served.psql(stored, PGPASSWORD=NEW + "2") == "t"
    again = rotate(served, POSTGRES_PASSWORD=NEW + "2")
    assert again.json["rotated"] == [OWNER, "postgres"]
    log = (served.root / "server.log").read_text()
    assert "statement: " in log
    assert NEW not in log
    assert NEW not in again.output


def test_the_superusers_password_stays_when_there_is_no_new_one(served: Machine) -> None:
    assert rotate(served).json["rotated"] == [OWNER]
    assert served.psql("SELECT 1") == "1"


def test_a_run_that_was_killed_goes_on_with_the_password_in_force(served: Machine) -> None:
    real = f'"{served.bin}/psql" "$@"'
    shim = f'case "$*" in *password*) {real}; kill -KILL "$PPID"; exit ;; esac\nexec {real}'
    for left in ("owner", "superuser"):
        killed = rotate(served, POSTGRES_PASSWORD="new", before=served.shim("psql", shim))
        assert killed.code == -9, left
        shim = shim.replace("*password*)", "postgres/*password*)").replace('"$*"', '"$ROLE/$*"')
    assert rotate(served, POSTGRES_PASSWORD="new").json["rotated"] == [OWNER, "postgres"]
    assert served.psql("SELECT 1", PGPASSWORD="new") == "1"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"OWNER": "nobody"}, "there is no role nobody that can log in", id="role"),
        pytest.param({"OWNER_PASSWORD": ""}, "is empty", id="empty"),
        pytest.param({"OWNER_PASSWORD": "two\nlines"}, "contains a line break", id="lines"),
        pytest.param({"POSTGRES_PASSWORD": "a\nb"}, "postgres contains a line break", id="super"),
        pytest.param({"PGPASSWORD": "no"}, "refused both the old and the new password", id="old"),
    ],
)
def test_what_can_not_be_rotated_is_told_and_the_old_password_stays(
    served: Machine, more: dict[str, str], words: str
) -> None:
    result = rotate(served, **more)
    assert result.code == 65
    assert words in result.message
    assert result.message.count("\n") == 1
    assert served.psql("SELECT 1", PGUSER=OWNER, PGPASSWORD="old") == "1"
