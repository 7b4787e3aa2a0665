"""`make bench-cluster`: measures the controller on a real API server; needs root and Go.

Usage: python benchmarks/cluster.py [COMMITTED [APPLIED]]     (default: 2000 300)

COMMITTED SampleDBs are created with several connections, and nobody applies what is
committed; then APPLIED others, which Flux applies while KWOK plays the node.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from api_client import Api
from e2e import builder, cluster, kwok
from e2e.appliers import flux, git_host
from e2e.appliers.kubectl import Kubectl
from e2e.audit import Audit, writes
from e2e.control_plane import ControlPlane
from e2e.handover import Handover
from e2e.handover_fixtures import prepared
from e2e.handover_flux import FLUX, FluxHandover
from e2e.handover_none import NONE, Unapplied
from e2e.supervisor import Run, folder_of

CONNECTIONS = 8
SECONDS = 1800.0
GOALS = {"seconds": "≤ 60", "writes": "≤ 10", "memory": "≤ 300"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one size took."""

    created: float
    """Seconds until the last one was created."""
    done: float
    """Seconds from the first creation until all were committed, or ready."""
    cpu: float
    """Seconds of processor time of the controller, without git's processes."""
    requests: Counter[str]
    """Of the controller's, as the API server wrote them down."""
    events: float
    """Watch events of all kinds that the API server sent, to anybody."""
    memory: float
    """The controller's peak, in MB."""
    lost: int
    """SampleDBs whose directory isn't on the branch."""


def client(plane: ControlPlane) -> Api:
    """The administrator."""
    return Api(plane.url, plane.token, str(plane.authority.certificate))


def collection(site: Handover) -> str:
    """The path of its SampleDBs."""
    return f"/apis/sampledb.dev/v1/namespaces/{site.team}/sampledbs"


def create(plane: ControlPlane, site: Handover, count: int) -> None:
    """Create so many SampleDBs over several connections."""
    spec = {
        "engine": "postgresql",
        "version": "18",
        "storage": {"size": "1Gi"},
        "init": {"sql": ["CREATE TABLE t (id int)"]},
    }
    local = threading.local()

    def one(number: int) -> None:
        local.api = getattr(local, "api", None) or client(plane)
        body = {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"name": f"db-{number:05d}", "namespace": site.team},
            "spec": spec,
        }
        answer = local.api.post(collection(site), body)
        assert answer.code == 201, answer.raw

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one, range(count)))


def wait(api: Api, site: Handover, condition: str, count: int) -> None:
    """Watch until so many SampleDBs have a condition; each change is looked at once."""
    having: set[str] = set()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for event in api.watch(collection(site), timeoutSeconds=int(SECONDS)):
            item = event["object"]
            conditions = (item.get("status") or {}).get("conditions") or ()
            if any(c["type"] == condition and c["status"] == "True" for c in conditions):
                having.add(item["metadata"]["name"])
            if len(having) == count:
                return
    raise SystemExit(f"only {len(having)} of {count} have {condition} after {SECONDS:g} s")


def sent(api: Api) -> float:
    """Watch events that the API server has sent so far."""
    lines = api.get("/metrics").raw.decode().splitlines()
    named = [line for line in lines if line.startswith("apiserver_watch_events_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in named)


def peak(pid: int) -> float:
    """VmHWM of a process, in MB."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return float(fields["VmHWM"].split()[0]) / 1024


def spent(pid: int) -> float:
    """Processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measured(
    plane: ControlPlane, audit: Audit, site: Handover, count: int, condition: str
) -> Figures:
    """Create so many, and wait until each has the condition."""
    api = client(plane)
    with site.controller("--fetch-interval", "30s") as process:
        site.until(lambda: "working as" in site.log(), "the controller at work")
        before, began = sent(api), time.monotonic()
        create(plane, site, count)
        created = time.monotonic() - began
        wait(api, site, condition, count)
        done = time.monotonic() - began
        directories = {path.rpartition("/")[0] for path in site.bare.files() if "record" in path}
        return Figures(
            created=created,
            done=done,
            cpu=spent(process.pid),
            requests=audit.requests(site.team),
            events=sent(api) - before,
            memory=peak(process.pid),
            lost=count - len(directories),
        )


def show(title: str, count: int, found: Figures, condition: str, goal: str) -> None:
    """Print one table."""
    rows = (
        ("created, seconds", f"{found.created:.1f}", ""),
        (f"all {condition}, seconds", f"{found.done:.1f}", goal),
        ("the controller's processor time, seconds", f"{found.cpu:.1f}", ""),
        ("API writes a SampleDB", f"{writes(found.requests) / count:.1f}", GOALS["writes"]),
        ("API requests of the controller, all", f"{found.requests.total()}", ""),
        ("watch events sent a second, to anybody", f"{found.events / found.done:.0f}", ""),
        ("peak memory of the controller, MB", f"{found.memory:.0f}", GOALS["memory"]),
        ("lost", f"{found.lost}", "0"),
    )
    print(f"\n{count} SampleDBs, {title}")
    print(f"  {'':<46}{'':>10}{'goal':>10}")
    for label, figure, wanted in rows:
        print(f"  {label:<46}{figure:>10}{wanted:>10}")
    for what, number in found.requests.most_common(12):
        print(f"      {what:<42}{number:>10}")


def main() -> None:
    """Print the tables."""
    numbers = [int(word) for word in sys.argv[1:]]
    committed, applied = (numbers + [2000, 300][len(numbers) :])[:2]
    run = Run(folder_of("bench"))
    try:
        audit = Audit(folder=run.folder)
        plane = cluster.start_nodeless(run, audit.flags()).plane
        kubectl = Kubectl(kubeconfig=plane.kubeconfig, program=str(builder.program("kubectl")))
        git = git_host.start(run)
        if committed:
            site = prepared(Unapplied, NONE, run, kubectl, git)
            found = measured(plane, audit, site, committed, "Committed")
            show("nobody applies", committed, found, "committed", GOALS["seconds"])
        if applied:
            kwok.start(run, kubectl, volumes=applied)
            programs = flux.Programs(
                source=builder.program(flux.SOURCE), kustomize=builder.program(flux.KUSTOMIZE)
            )
            flux.start(run, kubectl, programs)
            site = prepared(FluxHandover, FLUX, run, kubectl, git)
            found = measured(plane, audit, site, applied, "Ready")
            show("Flux applies, KWOK plays the node", applied, found, "ready", "")
    finally:
        run.stop()


if __name__ == "__main__":
    main()
