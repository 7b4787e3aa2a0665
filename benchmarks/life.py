"""`make bench-life`: a database's operations beside the bare tools, on real PostgreSQL servers.

Usage: python benchmarks/life.py [MEGABYTES]     (default: 1024)

The same data, made by pgbench, are backed up, restored and upgraded twice: through a
SampleDB on the laptop cluster, from the changed spec to Ready, and by hand. The downtime is
the time in which an application that asks again and again gets no answer.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from bare import ByHand
from laptop_line import PATH, Line

from renderer.core.errors import TransientError
from renderer.core.layout import Key
from renderer.local.environment import content
from renderer.local.laptop import Laptop, Options
from renderer.local.objects import SECRETS

MOVE = "DumpRestore"
KEY = Key(namespace="team-a", name="orders")
MB_A_SCALE = 15.0
"""Megabytes that pgbench makes for one unit of its scale."""
PATIENCE = 3600.0
LIMIT_SECONDS, LIMIT_SHARE = 10.0, 0.10
"""Goal: at most so much more than the bare tools take, whichever is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operation."""

    name: str
    ours: float
    bare: float
    down: float = 0.0
    """Seconds without an answer, with us."""
    bare_down: float = 0.0

    def line(self) -> str:
        """As the table has it."""
        more = self.ours - self.bare
        good = more <= max(LIMIT_SECONDS, LIMIT_SHARE * self.bare)
        return (
            f"  {self.name:<34}{self.ours:>9.1f}{self.bare:>9.1f}{more:>+9.1f}"
            f"{100 * more / self.bare:>+8.0f} %{self.down:>10.1f}{self.bare_down:>9.1f}"
            f"{'' if good else '   over the goal'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is measured together."""

    method: str
    how: str
    """How it is upgraded: a transfer of an upgrade in place, or `DumpRestore`; "" for not."""

    @property
    def upgrade(self) -> dict[str, str]:
        """`spec.upgrade`."""
        if self.how == MOVE:
            return {"strategy": MOVE}
        return {"transfer": self.how or "Auto"}


CASES = (
    Case(method="Logical", how="Copy"),
    Case(method="Logical", how="Link"),
    Case(method="Logical", how=MOVE),
    Case(method="Physical", how=""),  # the wheel's 18 can't verify physical backups
)


class Asker:
    """Asks the database again and again, as an application would, and adds up the silence."""

    def __init__(self, line: Line) -> None:
        """Not begun yet."""
        self._line = line
        self.silent = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask as long as the block runs."""
        ended = threading.Event()
        thread = threading.Thread(target=self._ask, args=(ended,))
        thread.start()
        yield
        ended.set()
        thread.join()

    def _ask(self, ended: threading.Event) -> None:
        answered = time.perf_counter()
        silent = False
        while not ended.wait(0.1):
            try:
                self._line.laptop.psql(KEY, "SELECT 1")
            except TransientError:
                silent = True
                continue
            now = time.perf_counter()
            self.silent += (now - answered) if silent else 0.0
            answered, silent = now, False


def timed(line: Line, change: dict[str, Any], done: Callable[[], Any]) -> tuple[float, float]:
    """Change the spec and wait until it is done and Ready: seconds, and seconds of silence."""
    asker = Asker(line)
    with asker.asking():
        began = time.perf_counter()
        line.edit(lambda db: db["spec"].update(change))
        line.until(done, "the operation's end", PATIENCE)
        line.until(lambda: line.holds("Ready"), "Ready", PATIENCE)
        took = time.perf_counter() - began
    return took, asker.silent


def status(line: Line) -> dict[str, Any]:
    """As it is now."""
    return dict((line.get() or {}).get("status") or {})


def ended(line: Line, operation: str) -> Callable[[], bool]:
    """Whether the newest operation in the history is another one than now, of this type."""
    before = (status(line).get("history") or [{}])[0].get("id")

    def newest() -> bool:
        entry = (status(line).get("history") or [{}])[0]
        return entry.get("type") == operation and entry.get("id") != before

    return newest


def fill(line: Line, by_hand: ByHand, scale: int) -> None:
    """Fill the SampleDB's database by pgbench, over the network."""
    found = line.laptop.objects.get(SECRETS, KEY.namespace, f"{KEY.name}-credentials")
    given = {name: value.decode() for name, value in content(SECRETS, found or {}).items()}
    address = line.laptop.node.resolve(KEY.name, KEY.namespace) or ""
    env = {"PGHOST": address, "PGUSER": given["username"], "PGPASSWORD": given["password"]}
    by_hand.run("16", "pgbench", "-q", "-i", "-s", str(scale), given["database"], env=env)


def by_hand(hand: ByHand, case: Case, scale: int) -> dict[str, float]:
    """The same by hand: seconds by operation."""
    take = hand.dump if case.method == "Logical" else hand.copy
    hand.init("16", "data")
    hand.start("16", "data")
    hand.load("16", scale)
    with hand.watch.time("backup"):
        take("16", "first")
    with hand.watch.time("restore"):
        restore_beside(hand, case.method)
    if case.how:
        with hand.watch.time("upgrade"):
            with hand.watch.time("upgrade, silent"):
                hand.stop("16", "data")
                if case.how == MOVE:
                    hand.move("data", "new")
                else:
                    hand.convert("data", "new", f"--{case.how.lower()}")
                hand.start("18", "new")
            hand.analyze()
            take("18", "second")
            if case.how != MOVE:
                hand.shell("18", "rm -rf data")
        hand.stop("18", "new")
    else:
        hand.stop("16", "data")
    hand.shell("18", "rm -rf data first second new")
    return hand.watch.seconds


def restore_beside(hand: ByHand, method: str) -> None:
    """Restore beside the running server, then stop that one and start on what was restored."""
    apart = ByHand(hand.laptop, f"{hand.folder.name}-restored")
    bring = apart.restore_dump if method == "Logical" else apart.restore_copy
    bring("16", str(hand.folder / "first"), "restored")
    with hand.watch.time("restore, silent"):
        hand.stop("16", "data")
        apart.start("16", "restored")
    apart.stop("16", "restored")
    apart.shell("16", "rm -rf restored")
    hand.start("16", "data")


def through_us(line: Line, case: Case, bare: dict[str, float]) -> Iterator[Row]:
    """Back up, restore, upgrade a SampleDB that is Ready and filled."""
    backup = (line.get() or {})["spec"]["backup"] | {"requestedAt": "first"}
    took, _ = timed(line, {"backup": backup}, ended(line, "Backup"))
    yield Row(name=f"back up, {case.method}", ours=took, bare=bare["backup"])
    source = {"backupId": status(line)["backups"]["lastVerified"]["id"]}
    took, down = timed(line, {"restore": {"id": "one", "from": source}}, ended(line, "Restore"))
    yield Row(
        name=f"restore, {case.method}",
        ours=took,
        bare=bare["restore"],
        down=down,
        bare_down=bare["restore, silent"],
    )
    if case.how:
        kind = "DumpRestoreUpgrade" if case.how == MOVE else "MajorUpgrade"
        took, down = timed(line, {"version": "18"}, ended(line, kind))
        yield Row(
            name=f"upgrade 16 → 18, {case.how}",
            ours=took,
            bare=bare["upgrade"],
            down=down,
            bare_down=bare["upgrade, silent"],
        )


def measure(case: Case, scale: int) -> list[Row]:
    """One case, by hand and then with us; never both at once."""
    with Laptop(Options(namespaces=("team-a",), path=PATH)) as laptop:
        line, hand = Line(laptop), ByHand(laptop, case.method)
        bare = by_hand(hand, case, scale)
        with line.controller():
            line.create(
                version="16",
                storage={"size": "20Gi"},
                backup={"target": {"pvc": {"size": "20Gi"}}, "method": case.method},
                upgrade=case.upgrade,
            )
            line.until(lambda: line.holds("Ready"), "Ready", PATIENCE)
            fill(line, hand, scale)
            return list(through_us(line, case, bare))


def main() -> None:
    """Print the table."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 1024.0
    scale = max(1, round(megabytes / MB_A_SCALE))
    print(f"A database of {scale * MB_A_SCALE:.0f} MB (pgbench -s {scale})")
    print(f"  {'':<34}{'seconds':>9}{'by hand':>9}{'more':>9}{'':>10}{'silent':>10}{'by hand':>9}")
    for case in CASES:
        for row in measure(case, scale):
            print(row.line(), flush=True)


if __name__ == "__main__":
    main()
