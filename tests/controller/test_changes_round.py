"""What is asked of a running database, all the way round: a real server, real files in Git."""

from __future__ import annotations

from laptop_line import Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
BACKUP = {"target": {"pvc": {"size": "1Gi"}}}


def test_a_backup_growth_and_another_minor_go_round(line: Line) -> None:
    """The laptop has one server of each major: it says 18.4 whatever the image's tag is."""
    with line.controller():
        line.create(version="18.3", backup=BACKUP)
        line.until(lambda: line.holds("Ready"), "Ready")

        line.edit(lambda db: db["spec"]["backup"].update(requestedAt="monday"))
        line.until(lambda: line.holds("UpToDate") or _count(line) == 1, "the backup in the status")
        line.until(lambda: line.holds("Ready"), "Ready after the backup")
        assert _count(line) == 1

        line.edit(lambda db: db["spec"]["storage"].update(size="2Gi"))
        line.until(lambda: _status(line)["storage"].get("actual") == "2Gi", "the grown volume")
        line.until(lambda: line.holds("Ready"), "Ready after the growth")

        line.edit(lambda db: db["spec"].update(version="18.4"))
        line.until(lambda: line.holds("UpToDate"), "UpToDate")
        status = _status(line)
    assert status["engineVersion"] == {
        "desired": "18.4",
        "running": "18.4",
        "data": "18",
        "newest": "18.4",
    }
    types = [item["type"] for item in status["history"]]
    assert types == ["MinorUpgrade", "Resize", "Backup", "Provision"]
    assert line.subjects()[3:] == [
        "backup, step 1 of 2: take the backup that was asked for",
        "backup, step 2 of 2: the backup is verified",
        "resize, step 1 of 2: grow the data volume",
        "resize, step 2 of 2: the volume has grown",
        "upgrade 18.3 → 18.4, step 2 of 5: try the new server's programs",
        "upgrade 18.3 → 18.4, step 3 of 5: start the new server",
        "upgrade 18.3 → 18.4, step 4 of 5: ask the server for its version",
        "upgrade 18.3 → 18.4, step 5 of 5: the new version is in force",
    ]


def _status(line: Line) -> dict[str, dict[str, object]]:
    return dict((line.get() or {}).get("status") or {})


def _count(line: Line) -> object:
    return _status(line).get("backups", {}).get("count")
