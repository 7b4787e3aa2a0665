"""The demo's story: what is done, what is waited for, and what is shown of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renderer.cli.demo_view import View
from renderer.cluster import kinds
from renderer.cluster.client import Cluster, Object
from renderer.controller.run import Controller
from renderer.core import resource
from renderer.core.errors import TransientError, transient
from renderer.core.layout import Key, directory
from renderer.git.launch import Launcher
from renderer.local.laptop import Laptop, Options
from renderer.settings import Settings
from renderer.settings.fields import Cluster as ClusterSettings
from renderer.settings.fields import Controller as ControllerSettings
from renderer.settings.fields import Repository as RepositorySettings

PATH = "clusters/laptop"
LIMIT = 60.0
"""Seconds that any one thing is waited for."""
_POLL = 0.03
_SHOWN = ("Rendered", "Committed", "Applied", "Initialized", "Ready")
_TOLD = {
    "Rendered": "templates and spec became manifests",
    "Committed": "the manifests are on the branch",
    "Applied": "every child in the cluster carries its stamp",
    "Initialized": "the init Job has reported",
    "Ready": "the server accepts connections",
}


@dataclass(slots=True)
class Story:
    """One run of the demo."""

    document: Mapping[str, Any]
    source: Path
    view: View
    key: Key = field(init=False)
    laptop: Laptop = field(init=False)
    cluster: Cluster = field(init=False)
    _seen_commits: list[str] = field(default_factory=list)
    _true: set[str] = field(default_factory=set)
    _times: list[tuple[str, float]] = field(default_factory=list)
    _proof: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a wrong SampleDB before anything is started."""
        self.key = resource.parse(self.document, default_namespace="default").key

    @contextlib.contextmanager
    def begun(self) -> Iterator[Story]:
        """Start the cluster and the controller; end both, whatever happens."""
        self.view.title("A cluster on this machine: API server, Git repository, applier, node")
        options = Options(namespaces=(self.key.namespace,), path=PATH)
        with Laptop(options) as self.laptop:
            self.cluster = Cluster.connect(self.laptop.kubeconfig)
            controller = Controller(self._settings())
            controller.start()
            try:
                self._wait(lambda: not controller.unready(), "the controller")
                self._note("up", f"{self.cluster.server}  ({self.laptop.folder})")
                self._clock("cluster and controller up", self.view.began)
                yield self
            finally:
                controller.stop()
                self.cluster.close()
        self._note("down", "no process, no file is left")

    def create(self) -> None:
        """Order a database and watch it come."""
        began = time.monotonic()
        self.view.title(f"kubectl apply -f {self.source.name}")
        self.view.source(self.source.read_text())
        self.cluster.create(kinds.SAMPLEDBS, dict(self.document))
        self._until(lambda found: self._holds(found, "Ready"), "Ready")
        self._clock("ordered → ready", began)
        self._query("SELECT version()")
        self._query("SELECT * FROM greetings", optional=True)

    def change(self) -> None:
        """Edit a parameter and see it in force."""
        began = time.monotonic()
        spec = self.document["spec"]
        before = (spec.get("parameters") or {}).get("max_connections", "100")
        after = str(int(before) + 25)
        self.view.title(f"kubectl edit SampleDB/{self.key.name}")
        self._query("SHOW max_connections")
        edit = f'spec:\n  parameters:\n    max_connections: "{after}"   # was "{before}"'
        self.view.source(edit)
        self._true.clear()
        seen = self._get()
        change = {"spec": {"parameters": {"max_connections": after}}}
        self.cluster.patch(kinds.SAMPLEDBS, seen, change)
        wanted = int(seen["metadata"]["generation"]) + 1
        self._until(
            lambda found: (
                (found.get("status") or {}).get("observedGeneration") == wanted
                and self._holds(found, "Ready")
                and self._holds(found, "UpToDate")
            ),
            "the parameter in force",
        )
        self._clock("edited → in force", began)
        self._query("SHOW max_connections")

    def pause(self) -> None:
        """Let a person look around."""
        self.view.title("The database is up; look around, then press Enter")
        kubeconfig, repository = self.laptop.kubeconfig, self.laptop.repository
        self.view.facts(
            [
                ("cluster", f"KUBECONFIG={kubeconfig} kubectl get sampledb -A"),
                ("repository", f"git -C {repository} log --stat main"),
            ]
        )
        with contextlib.suppress(EOFError):
            input()

    def delete(self) -> None:
        """Delete it: the final backup first, and its proof."""
        began = time.monotonic()
        self.view.title(f"kubectl delete SampleDB/{self.key.name}")
        self.laptop.objects.delete("sampledbs.sampledb.dev", self._get())
        self._true.clear()
        proved = False
        deadline = time.monotonic() + LIMIT
        while True:
            found = self.laptop.objects.get(
                "sampledbs.sampledb.dev", self.key.namespace, self.key.name
            )
            self._commits()
            proof = ((found or {}).get("status") or {}).get("finalSnapshot")
            if proof and not proved:
                proved, self._proof = True, proof
                self._note("proof", "the final backup was read back whole", style="green")
                names = ("id", "size", "sha256")
                self.view.facts([(name, str(proof.get(name, ""))) for name in names])
            if found is None:
                break
            if time.monotonic() > deadline:
                raise transient("not seen in time", field="the end of the deletion")
            time.sleep(_POLL)
        left = [
            claim["metadata"]["name"]
            for claim in self.laptop.objects.list("persistentvolumeclaims")
        ]
        self._note("gone", f"SampleDB and data volume; kept: {', '.join(left)}")
        self._clock("deleted → gone", began)

    def summarise(self) -> None:
        """What it took."""
        self.view.title("Summary")
        self.view.table(
            ("step", "seconds"), [(name, f"{seconds:.1f}") for name, seconds in self._times]
        )
        self.view.facts(
            [
                ("commits", str(len(self._seen_commits))),
                ("final backup", f"{self._proof.get('id')}, {self._proof.get('size')} bytes"),
            ]
        )

    def _settings(self) -> Settings:
        return Settings(
            repository=RepositorySettings(url=str(self.laptop.repository), path=PATH),
            cluster=ClusterSettings(kubeconfig=str(self.laptop.kubeconfig)),
            controller=ControllerSettings(
                leader_election=False,
                fetch=5.0,
                debounce=0.02,
                metrics_address="",
                health_address="",
            ),
        )

    def _get(self) -> Object:
        return self.cluster.get(kinds.SAMPLEDBS, self.key.namespace, self.key.name)

    def _until(self, done: Callable[[Object], bool], waiting_for: str) -> None:
        """Show commits and conditions as they come, until `done`."""

        def look() -> bool:
            found = self._get()
            self._commits()
            for kind in _SHOWN:
                if kind not in self._true and self._holds(found, kind):
                    self._true.add(kind)
                    self.view.condition(time.monotonic(), kind, _TOLD[kind])
            stalled = self._message(found, "Stalled")
            if stalled:
                raise transient(stalled, field=str(self.key))
            return done(found)

        self._wait(look, waiting_for)
        self._commits()

    @staticmethod
    def _wait(look: Callable[[], bool], waiting_for: str) -> None:
        deadline = time.monotonic() + LIMIT
        while not look():
            if time.monotonic() > deadline:
                raise transient("not seen in time", field=waiting_for, value=f"{LIMIT:g} s")
            time.sleep(_POLL)

    def _commits(self) -> None:
        git = Launcher(self.laptop.repository)
        told = git.run("log", "--reverse", "--format=%H %s", "main")
        for line in told.out.decode().splitlines() if told.ok else ():
            sha, _, subject = line.partition(" ")
            if sha in self._seen_commits:
                continue
            self._seen_commits.append(sha)
            changed = git.run("show", "--format=", "--name-status", sha).out.decode()
            prefix = directory(PATH, self.key) + "/"
            files = [
                ("-" if name[0] == "D" else "") + name.split("\t", 1)[1].removeprefix(prefix)
                for name in changed.splitlines()
            ]
            self.view.commit(time.monotonic(), sha, subject, files)

    def _query(self, sql: str, *, optional: bool = False) -> None:
        try:
            rows = self.laptop.psql(self.key, sql)
        except TransientError:
            if optional:
                return
            raise
        self.view.query(time.monotonic(), sql, rows)

    def _note(self, mark: str, text: str, *, style: str = "") -> None:
        self.view.say(time.monotonic(), mark, text, style=style)

    def _clock(self, name: str, began: float) -> None:
        self._times.append((name, time.monotonic() - began))

    @staticmethod
    def _holds(found: Object, kind: str) -> bool:
        """True when the condition holds for the generation that was asked for last."""
        conditions = (found.get("status") or {}).get("conditions") or ()
        generation = found["metadata"].get("generation")
        return any(
            c["type"] == kind
            and c["status"] == "True"
            and c.get("observedGeneration") == generation
            for c in conditions
        )

    @staticmethod
    def _message(found: Object, kind: str) -> str:
        conditions = (found.get("status") or {}).get("conditions") or ()
        return next(
            (str(c["message"]) for c in conditions if c["type"] == kind and c["status"] == "True"),
            "",
        )
