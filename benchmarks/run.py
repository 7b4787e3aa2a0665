"""`make bench`: measures, and prints tables with the goals beside the figures.

Usage: python benchmarks/run.py [COUNT ...]     (default: 1000 10000)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLEDB = Path(sys.executable).parent / "sampledb"
GOALS = {"cold": 60.0, "noop": 3.0, "one": 0.5, "peak": 300.0, "help": 0.1}
ROWS = (
    ("cold", "cold: read, render, validate, commit, push"),
    ("noop", "no-op pass over all of them"),
    ("one", "one changed → pushed"),
    ("peer", "peer: git add -A, commit, push of the same files"),
)
FULL = 10_000
"""The size that the goals are for."""


def measured(count: int) -> dict[str, Any]:
    """Figures of one size, from a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        done = subprocess.run(
            [sys.executable, str(HERE / "line.py"), str(count), folder],
            check=True,
            capture_output=True,
            text=True,
        )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def start_up(runs: int = 15) -> list[float]:
    """Seconds of `sampledb --help`, after one that isn't counted."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run([SAMPLEDB, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return times[1:]


def main() -> None:
    """Print the tables."""
    counts = [int(word) for word in sys.argv[1:]] or [1000, 10000]
    for count in counts:
        figures = measured(count)
        goals = GOALS if count >= FULL else {}
        print(f"\n{count} SampleDBs, {figures['files']} files")
        print(f"  {'':<52}{'seconds':>10}{'CPU':>10}{'goal':>12}")
        for name, label in ROWS:
            took = figures[name]
            goal = f"≤ {goals[name]:g} s" if name in goals else ""
            print(f"  {label:<52}{took['wall']:>10.2f}{took['cpu']:>10.2f}{goal:>12}")
        goal = f"≤ {goals['peak']:g} MB" if goals else ""
        print(f"  {'peak memory, MB':<52}{figures['peak']:>10.0f}{'':>10}{goal:>12}")
    times = start_up()
    print("\nStart-up")
    print(
        f"  {'sampledb --help, median of 15':<52}{statistics.median(times):>10.3f}"
        f"{'':>10}{'≤ 0.1 s':>12}"
    )


if __name__ == "__main__":
    main()
