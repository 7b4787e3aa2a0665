"""One server's data from 15 by 16 to 18, by each kind of upgrade, compared whole at each stop."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from awkward_databases import ODD, SERVER_OF_15, comparable
from majors import WITH_15
from whole_servers import copy_programs, dumped, start_odd

if TYPE_CHECKING:
    from conftest import Machine

pytestmark = WITH_15
MEMBERS = (
    "SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members "
    "WHERE member >= 16384 ORDER BY roleid::regrole::text, member::regrole::text"
)
LARGE = "SELECT md5(lo_get(4242)), count(*) FROM pg_largeobject_metadata"
KEYLESS = "SELECT count(*), md5(string_agg(words || mood, ',' ORDER BY words)) FROM shop.no_key"


@pytest.fixture(scope="module")
def fifteen(machines: Callable[[str], Machine]) -> Iterator[Machine]:
    """A server of 15 without checksums, full of odd things, which runs."""
    made = machines("15")
    try:
        start_odd(made, SERVER_OF_15)
        copy_programs(made)
        yield made
    finally:
        made.close()


def seen(made: Machine, programs: Any) -> list[str]:
    """All that the running server holds, but for what later versions tell otherwise.

    Memberships have had more options since 16, and who granted them isn't carried over; the
    type of the extension stores its values in another way since its version that 16 has here;
    and 15 writes columns of a view with the table's name.
    """
    dump = comparable(dumped(made, programs.directory("18")))
    told_otherwise = re.compile(r"GRANT (?!.* ON )|.* COLUMN near SET STORAGE ")
    same = [
        re.sub(r"(?<![\w.])items\.", "", line) for line in dump if not told_otherwise.match(line)
    ]
    told = [made.psql(MEMBERS), *(made.psql(sql, PGDATABASE=ODD) for sql in (LARGE, KEYLESS))]
    login = {"PGUSER": "reader", "PGPASSWORD": "reader", "PGDATABASE": ODD}
    return [*same, *told, made.psql("SHOW statement_timeout", **login)]


def hop(old: Machine, new: Machine, way: str, checksums: str) -> dict[str, Any]:
    """Bring the stopped server's data to the next major, whose server runs afterwards."""
    moved = way == "DumpRestore"
    volume = new.volume("backups" if moved else "data")
    subprocess.run(["cp", "-a", str(old.pgdata.parent), str(volume)], check=True)
    env = new.env(
        OLD_PGDATA=str(volume / old.version / "docker"),
        OLD_BIN=str(old.volume("programs") / "bin"),
        PGUSER="postgres",
        TRANSFER=way,
        CHECKSUMS=checksums,
        CHECK="",
    )
    result = new.run("dump-restore.sh" if moved else "upgrade.sh", env).json
    new.start()
    assert new.run("post-upgrade.sh", new.client()).json["version"] == result["version"]
    if not moved:
        assert new.run("drop-old.sh", env).json["dropped"] == old.version
    assert [path.name for path in new.volume("data").iterdir()] == [new.version]
    assert new.psql("SHOW data_checksums") == ("on" if result["checksums"] else "off")
    return result


@pytest.mark.parametrize(
    ("ways", "checksums"),
    [
        pytest.param([("Auto", ""), ("Auto", "on")], [False, True], id="copied"),
        pytest.param([("Link", ""), ("Link", "")], [False, False], id="linked"),
        pytest.param([("DumpRestore", ""), ("DumpRestore", "")], [True, True], id="moved"),
        pytest.param([("DumpRestore", ""), ("Link", "")], [True, True], id="moved-then-linked"),
    ],
)
def test_every_row_role_and_setting_comes_along_from_15_to_18(
    ways: list[tuple[str, str]],
    checksums: list[bool],
    fifteen: Machine,
    machines: Callable[[str], Machine],
    programs: Any,
) -> None:
    made = [fifteen, machines("16"), machines("18")]
    try:
        if fifteen.server is None:
            fifteen.start()
        before = seen(fifteen, programs)
        fifteen.stop()
        for number, (way, on) in enumerate(ways):
            old, new = made[number], made[number + 1]
            result = hop(old, new, way, on)
            assert (result["from"], result["to"]) == (old.version, new.version)
            assert result["checksums"] is checksums[number]
            assert seen(new, programs) == before
            new.stop()
            if not new.volume("programs").exists():
                copy_programs(new)
    finally:
        for each in made[1:]:
            each.close()
