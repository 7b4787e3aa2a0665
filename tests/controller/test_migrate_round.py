"""Migrations and physical backups on real servers, all the way round."""

from __future__ import annotations

from typing import Any

from laptop_line import Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
FILES = {
    "0001_items.sql": "CREATE TABLE items (id bigint PRIMARY KEY, words text NOT NULL);\n",
    "0002_rows.sql": "INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 9) AS n;\n",
}
WRONG = {
    "0003_wrong.sql": "INSERT INTO items VALUES (10, 'ten');\nALTER TABLE nowhere ADD x int;\n"
}


def _config_map(line: Line, name: str, files: dict[str, str]) -> None:
    line.laptop.store.create(
        "configmaps", {"metadata": {"namespace": "team-a", "name": name}, "data": files}
    )


def _ask(line: Line, name: str) -> None:
    line.edit(lambda db: db["spec"].update(migrations={"configMapRef": {"name": name}}))


def _history(line: Line) -> list[str]:
    return [item["type"] for item in _status(line).get("history", ())]


def _status(line: Line) -> dict[str, Any]:
    return dict((line.get() or {}).get("status") or {})


def test_ordered_files_are_run_and_a_wrong_one_leaves_nothing_behind(line: Line) -> None:
    _config_map(line, "schema", FILES)
    _config_map(line, "schema-2", FILES | WRONG)
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        _ask(line, "schema")
        line.until(lambda: _history(line)[0] == "Migrate", "the migration's end")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("9",)]

        _ask(line, "schema-2")
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert "0003_wrong.sql, line 2" in line.message("Stalled")
        assert 'relation "nowhere" does not exist' in line.message("Stalled")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("9",)]

        _ask(line, "schema")
        line.until(lambda: line.holds("Ready"), "Ready again")


def test_a_physical_backup_is_verified_and_restored(line: Line) -> None:
    rows = "SELECT count(*), md5(string_agg(words, ',' ORDER BY id)) FROM items"
    sql = ["".join(FILES.values())]
    backup = {"method": "Physical", "target": {"pvc": {"size": "1Gi"}}, "requestedAt": "before"}
    with line.controller():
        # 16, since this wheel's pg_verifybackup of 18 crashes on any backup.
        line.create(version="16", init={"sql": sql}, backup=backup)
        line.until(lambda: (_status(line).get("backups") or {}).get("lastVerified"), "a backup")
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, rows)
        line.laptop.psql(KEY, "DELETE FROM items")
        found = _status(line)["backups"]["lastVerified"]["id"]
        line.edit(
            lambda db: db["spec"].update(restore={"id": "monday", "from": {"backupId": found}})
        )
        line.until(lambda: _history(line)[0] == "Restore", "the restore's end")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, rows) == before
