"""Many SampleDBs at once: nothing is lost, and the API server is asked for little."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import PurePosixPath

from e2e.audit import Audit, writes
from e2e.handover import Handover
from e2e.handover_none import Unapplied

from renderer.controller.pace import QUIET

LEAST = {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}}


def create_many(site: Handover, names: list[str]) -> None:
    """All in one request of kubectl's, over its own connections."""
    site.kubectl.apply(
        *(
            {
                "apiVersion": "sampledb.dev/v1",
                "kind": "SampleDB",
                "metadata": {"namespace": site.team, "name": name},
                "spec": LEAST,
            }
            for name in names
        )
    )


def holding(site: Handover, condition: str) -> set[str]:
    """The names of those that have a condition."""
    return {
        item["metadata"]["name"]
        for item in site.kubectl.list("sampledbs", site.team)
        for each in (item.get("status") or {}).get("conditions") or ()
        if each["type"] == condition and each["status"] == "True"
    }


def test_two_hundred_at_once_are_all_committed(
    unapplied: Callable[[str], Unapplied], audit: Audit
) -> None:
    site = unapplied("many")
    names = [f"db-{number:03d}" for number in range(200)]
    with site.controller() as process:
        create_many(site, names)
        site.until(lambda: holding(site, "Committed") == set(names), "all committed")
        assert process.poll() is None
    records = {
        PurePosixPath(path).parent.name
        for path in site.bare.files()
        if path.endswith("/record.yaml")
    }
    assert records == set(names)
    assert site.bare.count() < len(names) / 2  # pushes were shared
    # The finalizer, the Secret, the commit's Event, and the status before and after it.
    assert writes(audit.requests(site.team)) <= 6 * len(names)


def test_a_provision_takes_ten_writes_and_what_waiting_is_told_in(
    played: Handover, audit: Audit
) -> None:
    """On a busy machine, words that change while something is waited for come on top."""
    before, began = writes(audit.requests(played.team)), time.monotonic()
    names = [f"few-{number}" for number in range(5)]
    with played.controller():
        create_many(played, names)
        played.until(lambda: holding(played, "Ready") >= set(names), "all ready", 180)
    words = math.ceil((time.monotonic() - began) / QUIET)
    assert all(len(played.subjects(name)) == 3 for name in names)
    assert writes(audit.requests(played.team)) - before <= (10 + words) * len(names)
