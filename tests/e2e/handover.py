"""One applier, one repository, one namespace, and the controller: what a hand-over needs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from e2e.appliers.git_host import READER, WRITER
from e2e.appliers.kubectl import Kubectl, Object, namespace
from e2e.nowhere import NO_NODE
from servers.git_bare import Bare

from renderer import delivery
from renderer.core import documents
from renderer.delivery.handoff import is_final

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATH = "clusters/prod"
PUBLISHED = "https://git.example.com/platform/deployments.git"
"""The repository that the examples name."""
SYSTEM = "sampledb-system"
DEADLINE = 90.0
_WHO = ("Somebody", "somebody@example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What differs between the two."""

    name: str
    namespace: str
    resource: str
    """The rendered objects, as kubectl names them."""
    asked: str
    """The annotation that asks for a look now."""
    more: tuple[str, ...] = ()
    """Flags for the controller."""


@dataclass(slots=True, kw_only=True)
class Handover:
    """A repository that one tool applies, as the examples say."""

    tool: Tool
    kubectl: Kubectl
    folder: Path
    bare: Bare
    url: str
    team: str
    """The namespace of the SampleDBs; the controller sees only this one."""
    names: list[str] = field(default_factory=list)

    def install(self) -> None:
        """The definition, the namespaces, and the controller's rights."""
        self.kubectl.run("apply", "--server-side", "-f", "-", stdin=_sampledb("crd"))
        self.kubectl.established("sampledbs.sampledb.dev")
        team = namespace(self.team)
        team["metadata"]["annotations"] = NO_NODE
        self.kubectl.apply(team, namespace(SYSTEM))
        self.kubectl.apply_files([ROOT / "deploy" / "rbac.yaml"])

    def settle(self) -> None:
        """Do what the tool's README asks of a user."""
        self.install()
        self.kubectl.apply(self._access())
        self.bare.write(f"{PATH}/apps/sampledb-root.yaml", self._example("sampledb-root.yaml"))
        for command in self._readme():
            self.kubectl.run(*command)

    def _readme(self) -> Iterator[list[str]]:
        """The kubectl commands of the example's README, on files with this repository's URL."""
        own = self.folder / "examples"
        own.mkdir()
        for file in (EXAMPLES / self.tool.name).glob("*.yaml"):
            (own / file.name).write_text(self._example(file.name))
        told = (EXAMPLES / self.tool.name / "README.md").read_text()
        for command in re.findall(r"`kubectl ([^`]+)`", told):
            yield [str(own / w) if w.endswith(".yaml") else w for w in command.split()]

    def _access(self) -> Object:
        user, token = READER
        content = {"username": user, "password": token}
        if self.tool.name == "argocd":
            content |= {"type": "git", "url": self.url}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "sampledb-deployments",
                "namespace": self.tool.namespace,
                "labels": {"argocd.argoproj.io/secret-type": "repository"},
            },
            "stringData": content,
        }

    def _example(self, name: str) -> str:
        text = (EXAMPLES / self.tool.name / name).read_text().replace(PUBLISHED, self.url)
        # As quick as a webhook would make it.
        return text.replace("interval: 1m0s", "interval: 2s")

    @contextlib.contextmanager
    def controller(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """`sampledb run` as a process, with the rights of its ServiceAccount and no others."""
        user, token = WRITER
        held = self.folder / "token"
        held.write_text(token)
        command = [
            *(str(Path(sys.executable).parent / "sampledb"), "-v", "run"),
            *("--repository", self.url, "--path", PATH, "--username", user),
            *("--token-file", str(held), "--delivery", self.tool.name, *self.tool.more),
            *("--kubeconfig", str(self._as_the_controller()), "--namespace", self.team),
            *("--no-leader-elect", "--fetch-interval", "5s"),
            *("--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0"),
            *more,
        ]
        environ = {k: v for k, v in os.environ.items() if not k.startswith("SAMPLEDB_")}
        with (self.folder / f"controller-{time.monotonic_ns()}.log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, text=True, env=environ)
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    def _as_the_controller(self) -> Path:
        token = self.kubectl.run("create", "token", "sampledb-renderer", "-n", SYSTEM).strip()
        config = json.loads(
            self.kubectl.run("config", "view", "--raw", "--flatten", "--minify", "-o", "json")
        )
        config["users"][0]["user"] = {"token": token}
        file = self.folder / "kubeconfig-controller"
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        return file

    def log(self) -> str:
        """What the controllers have said so far."""
        logs = sorted(self.folder.glob("controller-*.log"))
        return "".join(path.read_text() for path in logs)

    def create(self, name: str, **spec: Any) -> None:
        """Apply a SampleDB."""
        least = {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}}
        self.names.append(name)
        self.kubectl.apply(
            {
                "apiVersion": "sampledb.dev/v1",
                "kind": "SampleDB",
                "metadata": {"namespace": self.team, "name": name},
                "spec": least | spec,
            }
        )

    def get(self, name: str) -> Object:
        return self.kubectl.get("sampledb", name, self.team) or {}

    def delivery(self, name: str) -> Object:
        """`status.delivery`."""
        return (self.get(name).get("status") or {}).get("delivery") or {}

    def condition(self, name: str, kind: str) -> Object:
        return condition_of(self.get(name), kind)

    def app(self, name: str) -> Object | None:
        """The live Application or Kustomization."""
        return self.kubectl.get(self.tool.resource, f"{self.team}.{name}", self.tool.namespace)

    def children(self, name: str) -> dict[str, Object]:
        """`Kind/name` → live object, for all that carry the SampleDB's label."""
        kinds = (
            "configmaps,services,serviceaccounts,persistentvolumeclaims,statefulsets,"
            "jobs,cronjobs,networkpolicies,poddisruptionbudgets"
        )
        found = self.kubectl.list(kinds, self.team, f"sampledb.dev/name={name}")
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}

    def directory(self, name: str) -> str:
        return f"{PATH}/databases/{self.team}/{name}"

    def rewrite(self, subject: str, files: Mapping[str, str | None]) -> str:
        """Commit files by path, as somebody else would; None removes one. The commit."""
        said = f"{_WHO[0]} <{_WHO[1]}> {int(time.time())} +0000"
        stream = f"commit refs/heads/main\ncommitter {said}\ndata {len(subject)}\n{subject}\n"
        stream += "from refs/heads/main^0\n"
        for path, content in files.items():
            if content is None:
                stream += f"D {path}\n"
            else:
                stream += f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n"
        self.bare.git("fast-import", "--quiet", stdin=stream)
        return self.bare.tip()

    def look_again(self, name: str) -> None:
        """Have the tool look at a SampleDB's directory now, and wait until it has."""
        self._look_again(f"{self.team}.{name}")

    def look_again_at_the_root(self) -> None:
        """The same for `apps/`."""
        self._look_again("sampledb-root")

    def _look_again(self, name: str) -> None:
        raise NotImplementedError

    def operations(self, name: str) -> object:
        """Something that differs once the tool has written anything of a SampleDB."""
        raise NotImplementedError

    def in_sync(self, name: str) -> bool:
        """Whether the tool sees no difference."""
        raise NotImplementedError

    def finalise(self, wanted: Object) -> None:
        """Make a rendered object one whose deletion deletes what it applied."""
        raise NotImplementedError

    def cascade(self, name: str) -> None:
        """Commit the hand-over in its final form, and wait until it is applied."""
        path = f"{PATH}/apps/{self.team}.{name}.yaml"
        wanted = documents.one(self.bare.show(path).encode(), source=path).value
        self.finalise(wanted)
        self.rewrite("final", {path: json.dumps(wanted)})
        self.look_again_at_the_root()
        tool = delivery.Tool(self.tool.name)
        self.until(lambda: is_final(tool, self.app(name) or {"metadata": {}}), "the final form")

    def until(self, what: Callable[[], Any], waiting_for: str, seconds: float = DEADLINE) -> Any:
        """Poll until `what` gives something true."""
        deadline = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > deadline:
                pytest.fail(f"never seen: {waiting_for}\n{self._seen()}")
            time.sleep(0.5)
        return found

    def applied(self, name: str) -> Object:
        """Wait until the tool says that it has applied the last commit; `status.delivery`."""

        def look() -> Object | None:
            said = self.delivery(name)
            return said if said.get("state") == "Applied" else None

        return dict(self.until(look, f"{self.tool.name} has applied {name}"))

    def delete(self, name: str) -> None:
        """Ask for a SampleDB's deletion, and don't wait for it."""
        self.kubectl.run("delete", "sampledb", name, "-n", self.team, "--wait=false")

    def subjects(self, name: str) -> list[str]:
        """What our commits say that they did to a SampleDB, oldest first."""
        told = self.bare.git("log", "--reverse", "--format=%s", "main", "--", self.directory(name))
        return [line.removeprefix(f"{self.team}/{name}: ") for line in told.splitlines()]

    def _seen(self) -> str:
        seen = [json.dumps(self.get(name).get("status"), indent=1) for name in self.names]
        return "\n".join([*seen, self._applier(), self.log()[-4000:]])

    def _applier(self) -> str:
        """The applier's objects."""
        return self.kubectl.run(
            *("get", self.tool.resource, "-n", self.tool.namespace, "-o", "yaml")
        )


def _sampledb(*arguments: str) -> str:
    program = Path(sys.executable).parent / "sampledb"
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def condition_of(found: Object, kind: str) -> Object:
    """A condition of a SampleDB as it was read once; empty when it isn't there."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})
