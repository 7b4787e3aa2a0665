"""Measures one size of the whole line in a process of its own; prints JSON.

Usage: python benchmarks/line.py COUNT FOLDER
"""

from __future__ import annotations

import gc
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from renderer import reconcile
from renderer.core import documents
from renderer.core.layout import Key
from renderer.git.bulk import Bulk
from renderer.git.change import Change, Committed
from renderer.git.remote import Remote
from renderer.git.repository import Repository
from renderer.reconcile import Packs, Place, Tip

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

    def change(self, document: dict[str, Any], tip: Tip | None = None) -> Change | None:
        """Decide, render, check one SampleDB."""
        tip = tip or self.repository
        desired = reconcile.resolve(document, self.packs)
        held = reconcile.stored(tip, self.place, desired.key)
        plan = reconcile.plan(desired, None, held, NOW)
        if reconcile.as_it_stands(desired, plan, self.place, held, tip):
            return None
        return reconcile.change(desired, plan, self.packs, self.place, held)

    def push(self, found: Iterable[dict[str, Any]], tip: Tip | None = None) -> int:
        """Push in batches; the number of SampleDBs that were committed.

        As in the controller, one push is under way while the next batch is rendered.
        """
        done, batch = 0, list[Change]()
        under_way: Future[int] | None = None
        with ThreadPoolExecutor(1) as publisher:
            for document in found:
                change = self.change(document, tip)
                if change is not None:
                    batch.append(change)
                if len(batch) == BATCH:
                    done += under_way.result() if under_way else 0
                    under_way, batch = publisher.submit(self._publish, batch), []
            done += under_way.result() if under_way else 0
        return done + (self._publish(batch) if batch else 0)

    def bulk(self) -> Bulk:
        """All of the tip, read at once."""
        return Bulk(self.repository, self.place.path)

    def _publish(self, batch: list[Change]) -> int:
        outcomes = self.repository.publish(batch)
        wrong = [outcome for outcome in outcomes if not isinstance(outcome, Committed)]
        if wrong:
            message = f"not committed: {wrong[0]}"
            raise SystemExit(message)
        return len(outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a piece of work took, in seconds; `cpu` counts git's processes too."""

    wall: float
    cpu: float


def cpu() -> float:
    """Seconds of processor time, of this process and of those that it waited for."""
    mine, theirs = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def clock(work: Callable[[], int], expected: int) -> Took:
    """Time a piece of work that must give `expected`."""
    wall, spent = time.perf_counter(), cpu()
    got = work()
    took = Took(wall=time.perf_counter() - wall, cpu=cpu() - spent)
    if got != expected:
        message = f"{expected} SampleDBs were to be committed, {got} were"
        raise SystemExit(message)
    return took


def read(numbers: Iterable[int], connections: int = 100) -> Iterator[dict[str, Any]]:
    """SampleDBs, read from YAML one by one."""
    for number in numbers:
        yield documents.one(text(number, connections), source="bench").value


def peer(folder: Path, bare: Path) -> Took:
    """The same files through a work tree: git add -A, commit, push."""
    tree = folder / "tree"
    git = ["git", "-c", "gc.auto=0", "-c", "maintenance.auto=false"]
    subprocess.run([*git, "clone", "-q", str(bare), str(tree)], check=True)
    subprocess.run([*git, "init", "-q", "--bare", "-b", "main", f"{folder}/peer.git"], check=True)

    def work() -> int:
        for command in (
            ["init", "-q", "-b", "main"],
            ["add", "-A"],
            ["-c", "user.name=b", "-c", "user.email=b@b", "commit", "-q", "-m", "peer"],
            ["push", "-q", f"{folder}/peer.git", "HEAD:main"],
        ):
            subprocess.run([*git, *command], check=True, cwd=tree)
        return 0

    shutil.rmtree(tree / ".git")
    return clock(work, 0)


def main() -> None:
    """Measure and print."""
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    line = Line(folder)
    cold = clock(lambda: line.push(read(range(count))), count)
    changed = list(read([count // 2], connections=200))
    one = clock(lambda: line.push(changed), 1)
    parsed = [*read(range(count // 2)), *changed, *read(range(count // 2 + 1, count))]
    gc.collect()
    gc.freeze()  # as the controller does once its caches are filled
    noop = clock(lambda: line.push(parsed, line.bulk()), 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first = line.place.directory(Key(namespace="team-00", name="db-00000"))
    figures = {
        "files": len(line.repository.listing(first)) * count,
        "peak": peak,
        "cold": asdict(cold),
        "one": asdict(one),
        "noop": asdict(noop),
        "peer": asdict(peer(folder, line.bare)),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
