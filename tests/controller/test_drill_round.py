"""Backups that are restored before they count, in Pods of a laptop cluster."""

from __future__ import annotations

from typing import Any

from laptop_line import Line

INIT = {"sql": ["CREATE TABLE items AS SELECT generate_series(1, 1000) AS n"]}
BACKUP = {"target": {"pvc": {"size": "1Gi"}}, "verify": "Restore", "requestedAt": "monday"}


def test_a_backup_is_restored_in_its_own_pod_and_the_status_says_what_was_read(line: Line) -> None:
    def verified() -> Any:
        return ((line.get() or {}).get("status") or {}).get("backups", {}).get("lastVerified")

    with line.controller():
        line.create(init=INIT, backup=BACKUP)
        taken = line.until(verified, "a verified backup", 120)
        line.until(lambda: line.holds("Ready"), "Ready")
    # The second table is where the init Job notes what it has run.
    assert (taken["verify"], taken["tables"], taken["rows"]) == ("Restore", 2, 1001)
