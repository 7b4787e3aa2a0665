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

HERE = Path(__file__).parent
SAMPLEDB = Path(sys.executable).parent / "sampledb"
GOALS = {"cold": 60.0, "noop": 3.0, "one": 0.5, "peak": 300.0, "help": 0.1}
ROWS = (
    ("cold", "cold: parse, render, validate, commit, push", "s"),
    ("noop", "no-op pass over all of them", "s"),
    ("one", "one changed → pushed", "s"),
    ("peak", "peak memory of the process", "MB"),
    ("peer", "peer: git add -A, commit, push of the same files", "s"),
)


def measured(count: int) -> dict[str, float]:
    """Figures of one size, from a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        done = subprocess.run(
            [sys.executable, str(HERE / "line.py"), str(count), folder],
            check=True,
            capture_output=True,
            text=True,
        )
    figures: dict[str, float] = json.loads(done.stdout)
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
        print(f"\n{count} SampleDBs, {figures['files']:.0f} files")
        print(f"  {'':<52}{'measured':>12}{'goal':>10}")
        for name, label, unit in ROWS:
            goal = f"≤ {GOALS[name]:g} {unit}" if name in GOALS and count >= 10000 else ""
            print(f"  {label:<52}{figures[name]:>9.2f} {unit:<2}{goal:>10}")
    times = start_up()
    print("\nStart-up")
    print(
        f"  {'sampledb --help, median of 15':<52}{statistics.median(times) * 1000:>9.0f} ms"
        f"{'≤ 100 ms':>10}"
    )


if __name__ == "__main__":
    main()
