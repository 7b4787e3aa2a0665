"""A restore on real servers, all the way round: every row is as it was backed up."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from laptop_line import PATH, Line

from renderer.core.layout import CONFIRM_ANNOTATION, Key, directory

KEY = Key(namespace="team-a", name="orders")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
    ]
}
SUM = "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items"
BACKUP = {"target": {"pvc": {"size": "1Gi"}}, "requestedAt": "before"}


def test_a_restore_brings_back_every_row_and_the_old_volume_waits_for_a_word(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, backup=BACKUP)
        line.until(lambda: (_status(line).get("backups") or {}).get("lastVerified"), "a backup")
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)
        line.laptop.psql(KEY, "DELETE FROM items WHERE id % 2 = 0")
        line.laptop.psql(KEY, "INSERT INTO items (words) VALUES ('after the backup')")

        backup = _status(line)["backups"]["lastVerified"]["id"]
        line.edit(
            lambda db: db["spec"].update(restore={"id": "monday", "from": {"backupId": backup}})
        )
        line.until(lambda: _history(line)[0] == "Restore", "the restore's end")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, SUM) == before
        assert len(_claims(line)) == 2

        line.edit(
            lambda db: (
                db["metadata"].setdefault("annotations", {}).update({CONFIRM_ANNOTATION: "monday"})
            )
        )
        line.until(lambda: len(_claims(line)) == 1, "only the restored volume")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, SUM) == before
    assert "restore 2" in line.subjects()[5]
    assert line.subjects()[5].endswith(
        "step 1 of 5: restore into a new volume, beside the running server"
    )


def test_the_old_volume_goes_by_itself_once_it_was_kept_as_long_as_the_spec_says(
    line: Line,
) -> None:
    with line.controller():
        line.create(init=INIT, backup=BACKUP, storage={"size": "1Gi", "keepReplaced": "12s"})
        line.until(lambda: (_status(line).get("backups") or {}).get("lastVerified"), "a backup")
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)
        line.laptop.psql(KEY, "DELETE FROM items")
        backup = _status(line)["backups"]["lastVerified"]["id"]
        line.edit(
            lambda db: db["spec"].update(restore={"id": "monday", "from": {"backupId": backup}})
        )
        line.until(lambda: _status(line).get("storage", {}).get("keptUntil"), "its end")
        assert len(_claims(line)) == 2
    ended = line.subjects()[-1]
    with line.controller():  # another one, which has seen nothing of the restore
        until = line.until(lambda: _status(line)["storage"].get("keptUntil"), "its end")
        line.until(lambda: len(_claims(line)) == 1, "only the restored volume")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, SUM) == before
        assert "keptUntil" not in _status(line)["storage"]
    assert ended.startswith("restore")
    assert line.subjects()[-2:] == [
        "confirm the restore after 12s, step 1 of 2: release the old volume",
        "confirm the restore after 12s, step 2 of 2: remove the old volume",
    ]
    [_, released] = line.git.run("log", "-2", "--format=%ct", "main").text.split()
    assert int(released) >= datetime.fromisoformat(until).timestamp()


def test_a_revert_that_had_the_server_run_on_the_old_volume_keeps_what_was_written_there(
    line: Line,
) -> None:
    with line.controller():
        line.create(init=INIT, backup=BACKUP, storage={"size": "1Gi", "keepReplaced": "45s"})
        line.until(lambda: (_status(line).get("backups") or {}).get("lastVerified"), "a backup")
        line.until(lambda: line.holds("Ready"), "Ready")
        before = _tip(line)
        backup = _status(line)["backups"]["lastVerified"]["id"]
        line.edit(
            lambda db: db["spec"].update(restore={"id": "monday", "from": {"backupId": backup}})
        )
        line.until(lambda: _status(line).get("storage", {}).get("keptUntil"), "its end")
        line.edit(lambda db: db["spec"].pop("restore"))
        line.until(lambda: line.holds("Ready") and _history(line)[0] == "Configure", "Ready")
        after, until = _tip(line), _kept_until(line)

        _put_back(line, before)
        line.until(lambda: line.holds("Ready") and not _kept_until(line), "the old volume")
        line.laptop.psql(KEY, "INSERT INTO items (words) VALUES ('on the old volume')")
        line.until(lambda: datetime.now(UTC) > until, "the time at which it was to go")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("1001",)]

        _put_back(line, after)
        put_back = datetime.now(UTC)
        line.until(lambda: line.holds("Ready") and _kept_until(line), "the new volume")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("1000",)]
        assert len(_claims(line)) == 2
        assert _kept_until(line) >= put_back + timedelta(seconds=44)


def test_a_backup_that_is_not_there_is_named_and_the_server_runs_on(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, backup={"target": BACKUP["target"]})
        line.until(lambda: line.holds("Ready"), "Ready")
        source = {"backupId": "20260101T000000Z-1a2b3c"}
        line.edit(lambda db: db["spec"].update(restore={"id": "monday", "from": source}))
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert "there is no backup 20260101T000000Z-1a2b3c" in line.message("Stalled")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("1000",)]
        line.edit(lambda db: db["spec"].pop("restore"))
        line.until(lambda: line.holds("Ready"), "Ready")
        first, left = _claims(line)
        assert first == "data-orders-0"
        assert _status(line)["message"].endswith(f"kubectl --namespace team-a delete pvc {left}")
        objects = line.laptop.objects
        [claim] = [
            item
            for item in objects.list("persistentvolumeclaims")
            if item["metadata"]["name"] == left
        ]
        objects.delete("persistentvolumeclaims", claim)
        line.until(lambda: "delete pvc" not in _status(line)["message"], "nothing left")
        assert _claims(line) == [first]


def _status(line: Line) -> dict[str, Any]:
    return dict((line.get() or {}).get("status") or {})


def _kept_until(line: Line) -> datetime | None:
    found = _status(line).get("storage", {}).get("keptUntil")
    return datetime.fromisoformat(found) if found else None


def _tip(line: Line) -> str:
    return str(line.git.run("rev-parse", "main").text)


def _put_back(line: Line, commit: str) -> None:
    """Somebody reverts all that came after a commit, in a work tree of their own."""
    tree, path = line.laptop.folder / f"tree-{commit[:8]}", directory(PATH, KEY)
    git = ["git", "-c", "user.name=hand", "-c", "user.email=hand@example.com"]
    subprocess.run([*git, "clone", "-q", str(line.laptop.repository), str(tree)], check=True)
    for command in (
        ["rm", "-q", "-r", path],
        ["checkout", "-q", commit, "--", path],
        ["commit", "-q", "-m", "put back"],
        ["push", "-q"],
    ):
        subprocess.run([*git, *command], check=True, cwd=tree)


def _history(line: Line) -> list[str]:
    return [item["type"] for item in _status(line).get("history", ())]


def _claims(line: Line) -> list[str]:
    found = line.laptop.objects.list("persistentvolumeclaims")
    names = [item["metadata"]["name"] for item in found]
    return sorted(name for name in names if name.startswith("data-"))
