"""Measures one size of the whole line in a process of its own; prints JSON.

Usage: python benchmarks/line.py COUNT FOLDER
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from renderer import reconcile
from renderer.core import documents
from renderer.core.layout import Key
from renderer.git.change import Change, Committed
from renderer.git.remote import Remote
from renderer.git.repository import Repository
from renderer.reconcile import Packs, Place

BATCH = 500
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEMPLATE = """\
apiVersion: sampledb.dev/v1
kind: SampleDB
metadata: {{namespace: team-{team:02d}, name: db-{number:05d}}}
spec:
  engine: postgresql
  version: "18"
  storage: {{size: 10Gi}}
  init: {{database: app, owner: app, sql: ["CREATE TABLE t (id int)"]}}
  parameters: {{max_connections: "{connections}"}}
  backup:
    schedule: "0 3 * * *"
    target: {{pvc: {{size: 20Gi}}}}
"""


def text(number: int, connections: int = 100) -> str:
    """One SampleDB as YAML."""
    return TEMPLATE.format(team=number % 50, number=number, connections=connections)


class Line:
    """The line from YAML to a pushed commit."""

    def __init__(self, folder: Path) -> None:
        """Make a bare repository and open it."""
        self.bare = folder / "deploy.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.bare)], check=True)
        self.remote = Remote(url=str(self.bare), path="clusters/prod")
        self.repository = Repository.open(self.remote, folder / "cache")
        self.packs = Packs()
        self.place = Place(path="clusters/prod")

    def change(self, source: str) -> Change | None:
        """Parse, decide, render, check one SampleDB."""
        document = documents.one(source, source="bench").value
        desired = reconcile.resolve(document, self.packs)
        held = reconcile.stored(self.repository, self.place, desired.key)
        plan = reconcile.plan(desired, None, held, NOW)
        if reconcile.as_it_stands(desired, plan, self.place, held, self.repository):
            return None
        return reconcile.change(desired, plan, self.packs, self.place, held)

    def push(self, sources: Iterator[str]) -> int:
        """Push in batches; the number of SampleDBs that were committed."""
        done, batch = 0, []
        for source in sources:
            change = self.change(source)
            if change is not None:
                batch.append(change)
            if len(batch) == BATCH:
                done += self._publish(batch)
                batch = []
        return done + (self._publish(batch) if batch else 0)

    def _publish(self, batch: list[Change]) -> int:
        outcomes = self.repository.publish(batch)
        wrong = [outcome for outcome in outcomes if not isinstance(outcome, Committed)]
        if wrong:
            raise SystemExit(f"not committed: {wrong[0]}")
        return len(outcomes)


def clock(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the work gave."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def peer(folder: Path, bare: Path) -> float:
    """The same files through a work tree: git add -A, commit, push."""
    tree = folder / "tree"
    subprocess.run(["git", "clone", "-q", str(bare), str(tree)], check=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", f"{folder}/peer.git"], check=True)

    def work() -> None:
        for command in (
            ["git", "init", "-q", "-b", "main"],
            ["git", "add", "-A"],
            ["git", "-c", "user.name=b", "-c", "user.email=b@b", "commit", "-q", "-m", "peer"],
            ["git", "push", "-q", f"{folder}/peer.git", "HEAD:main"],
        ):
            subprocess.run(command, check=True, cwd=tree)

    subprocess.run(["rm", "-rf", str(tree / ".git")], check=True)
    return clock(work)[0]


def main() -> None:
    """Measure and print."""
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    line = Line(folder)
    cold, pushed = clock(lambda: line.push(text(n) for n in range(count)))
    assert pushed == count
    noop, pushed = clock(lambda: line.push(text(n) for n in range(count)))
    assert pushed == 0
    one, pushed = clock(lambda: line.push(iter([text(count // 2, 200)])))
    assert pushed == 1
    files = len(
        line.repository.listing(line.place.directory(Key(namespace="team-00", name="db-00000")))
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peer_seconds = peer(folder, line.bare)
    figures = {
        "files": files * count,
        "cold": cold,
        "noop": noop,
        "one": one,
        "peak": peak,
        "peer": peer_seconds,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
