"""A deleted database on real servers, brought back from its tombstone: every row, twice."""

from __future__ import annotations

import subprocess
from typing import Any

import orjson
import pytest
import yaml
from command_line import environment
from laptop_line import PATH, SAMPLEDB, SAMPLEDBS, Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
AGAIN = Key(namespace="team-a", name="again")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
        "CREATE SEQUENCE tickets START 42",
        "SELECT lo_from_bytea(4711, 'a large object'::bytea)",
    ]
}
ALL = (
    "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items",
    "SELECT last_value, is_called FROM tickets",
    "SELECT last_value FROM items_id_seq",
    "SELECT convert_from(lo_get(4711), 'UTF8')",
)


def test_a_deleted_database_comes_back_with_every_row_and_may_be_deleted_again(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, backup={"target": {"pvc": {"size": "1Gi"}}})
        line.until(lambda: line.holds("Ready"), "Ready")
        line.laptop.psql(KEY, "SELECT nextval('tickets')")
        line.laptop.psql(KEY, "INSERT INTO items (words) VALUES ('the last one')")
        before = _all(line, KEY)
        _delete(line)
        (first,) = _tombstones(line)
        assert len(line.subjects()) == 7

        line.laptop.store.create(SAMPLEDBS, _printed(line, "--from-tombstone", "team-a/orders"))
        line.until(lambda: line.holds("Ready"), "Ready")
        assert _all(line, KEY) == before
        status = (line.get() or {})["status"]
        assert [one["type"] for one in status["history"]] == ["ProvisionFromBackup"]
        assert len(_claims(line)) == 1
        assert status["restored"] == first["metadata"]["name"]

        line.laptop.psql(KEY, "INSERT INTO items (words) VALUES ('after the first life')")
        after = _all(line, KEY)
        _delete(line)
        newest, oldest = _tombstones(line)
        assert oldest == first
        assert newest["kept"]["backup"]["id"] != first["kept"]["backup"]["id"]

        name = f"team-a/orders/{newest['metadata']['name']}"
        made = _printed(line, "team-a/again", "--from-tombstone", name)
        line.laptop.store.create(SAMPLEDBS, made)
        line.until(lambda: line.holds("Ready", "again"), "another name, Ready")
        assert _all(line, AGAIN) == after


def test_a_damaged_backup_is_refused_and_makes_nothing(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, backup={"target": {"pvc": {"size": "1Gi"}}})
        line.until(lambda: line.holds("Ready"), "Ready")
        _delete(line)
        (found,) = _tombstones(line)
        dump = next(line.laptop.folder.rglob(f"{found['kept']['backup']['id']}/*.dump"))
        content = bytearray(dump.read_bytes())
        content[len(content) // 2] ^= 1
        dump.write_bytes(content)

        line.laptop.store.create(SAMPLEDBS, _printed(line, "--from-tombstone", "team-a/orders"))
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert f"is damaged: {dump.name}: FAILED" in line.message("Stalled")
        assert not line.laptop.objects.list("statefulsets.apps")

        content[len(content) // 2] ^= 1
        dump.write_bytes(content)
        _remove_jobs(line)
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, ALL[3]) == [("a large object",)]


def test_a_volume_that_was_kept_is_taken_up_again(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, deletion={"policy": "Retain"})
        line.until(lambda: line.holds("Ready"), "Ready")
        line.laptop.psql(KEY, "INSERT INTO items (words) VALUES ('the last one')")
        before = _all(line, KEY)
        _delete(line)
        (found,) = _tombstones(line)
        assert found["kept"] == {"claims": ["data-orders-0"]}
        line.laptop.store.create(SAMPLEDBS, _printed(line, "--from-tombstone", "team-a/orders"))
        line.until(lambda: line.holds("Ready"), "Ready")
        assert _all(line, KEY) == before


def _all(line: Line, key: Key) -> list[Any]:
    return [line.laptop.psql(key, sql) for sql in ALL]


def _delete(line: Line) -> None:
    line.delete()
    line.until(lambda: line.get() is None, "the end of the deletion")


def _claims(line: Line) -> list[str]:
    found = line.laptop.objects.list("persistentvolumeclaims")
    names = [item["metadata"]["name"] for item in found]
    return [name for name in names if name.startswith("data-")]


def _remove_jobs(line: Line) -> None:
    for job in line.laptop.objects.list("jobs.batch"):
        line.laptop.objects.delete("jobs.batch", job)


def _tombstones(line: Line) -> list[dict[str, Any]]:
    """Those in Git, newest first."""
    listed = line.git.run("ls-tree", "-r", "--name-only", "main", f"{PATH}/tombstones/").text
    files = sorted(listed.splitlines(), reverse=True)
    return [yaml.safe_load(line.git.run("show", f"main:{file}").out) for file in files]


def _printed(line: Line, *arguments: str) -> Any:
    """What `sampledb restore` prints, as it would be applied."""
    where = ("--repository", str(line.laptop.repository), "--path", PATH, "-o", "json")
    done = subprocess.run(
        [str(SAMPLEDB), "restore", *arguments, *where],
        capture_output=True,
        check=False,
        env=environment(),
        timeout=60,
    )
    if done.returncode != 0:
        pytest.fail(done.stderr.decode())
    return orjson.loads(done.stdout)
