"""A whole cluster on a laptop: API server, Git repository, applier and node, for a while.

For `sampledb demo` and the tests. Everything it makes lies in one folder that is
removed at the end; no process outlives it, even when it is killed with -9.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from renderer.core import crd, layout
from renderer.core.errors import invalid, transient
from renderer.core.layout import Key
from renderer.git.launch import Launcher
from renderer.git.remote import Remote
from renderer.local import cronjobs
from renderer.local.api.access import Authorizer, User
from renderer.local.api.server import Server
from renderer.local.api.snapshots import SNAPSHOTS
from renderer.local.api.store import Store
from renderer.local.applier import Applier, Pace
from renderer.local.containers import Backoff
from renderer.local.environment import content
from renderer.local.guardian import Guardian
from renderer.local.node import Node
from renderer.local.objects import SECRETS, SNAPSHOT_CLASSES, Object
from renderer.local.programs import INSTALLS
from renderer.local.snapshots import snapshot_class
from renderer.local.stored import Stored

FOLDER_LIMIT = 40
"""Longest path of the run's folder: a Unix socket's path below it may have 107 characters."""
_POLL_SECONDS = 0.05
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the cluster is made of."""

    namespaces: tuple[str, ...] = ("team-a",)
    storage_classes: tuple[str, ...] = ("standard",)
    """The first is the default; a claim that names any other stays Pending."""
    snapshot_classes: tuple[str, ...] | None = ("standard",)
    """Each a default; None for a cluster without VolumeSnapshots."""
    path: str = ""
    """The part of the repository that the applier applies."""
    branch: str = "main"
    pace: Pace = field(default_factory=Pace)
    backoff: Backoff = field(default_factory=Backoff)
    node: bool = True
    """Run the workloads; without it Pods are left to whoever makes them."""
    applier: bool = True
    """Apply the repository; without it objects are left as they are."""
    tokens: tuple[tuple[str, User], ...] = ()
    """Users besides the administrator."""
    authorizer: Callable[[Store], Authorizer] | None = None
    """Who may do what, for example `RoleBased`; None lets everybody do everything."""


class Laptop:
    """A context manager: the cluster runs inside the `with`."""

    def __init__(self, options: Options | None = None) -> None:
        """Nothing is started or written before `with`."""
        self.options = options or Options()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start everything. Raises `InvalidError` when this machine lacks something."""
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything: nothing is left running, the folder is gone."""
        self._stack.close()

    def _start(self, stack: contextlib.ExitStack) -> None:
        self.folder = _folder()
        """The run's folder."""
        guardian = Guardian(self.folder)
        stack.callback(guardian.close)
        self.store = Store()
        self._furnish()
        judge = self.options.authorizer
        self.server = Server(
            self.store,
            tokens=dict(self.options.tokens),
            authorizer=judge(self.store) if judge else None,
        )
        stack.enter_context(self.server)
        self.kubeconfig = self.server.kubeconfig(self.folder / "kubeconfig")
        """The administrator's, for kubectl and `sampledb`."""
        self.repository = self.folder / "repository.git"
        """The bare repository."""
        self._init_repository()
        self.node = Node(self.store, self.folder, guardian, backoff=self.options.backoff)
        self.server.logs = self.node.log
        stack.callback(self.node.close)
        if self.options.node:
            self.node.programs.directory(max(INSTALLS))
            self.node.start()
        self.applier = Applier(
            self.store, self.remote, self.folder / "applier", pace=self.options.pace
        )
        stack.callback(self.applier.close)
        if self.options.applier:
            self.applier.start()

    @property
    def remote(self) -> Remote:
        """The repository, as `renderer.git` opens it."""
        options = self.options
        return Remote(url=str(self.repository), branch=options.branch, path=options.path)

    @property
    def objects(self) -> Stored:
        """The cluster's objects, past the HTTP server."""
        return Stored(self.store)

    def logs(self, namespace: str, pod: str, container: str = "") -> str:
        """What a Pod has written, also after it has gone."""
        return self.node.log(namespace, pod, container)

    def run_cronjob(self, namespace: str, name: str) -> str:
        """Start a Job of a CronJob now; the Job's name."""
        return cronjobs.start(self.objects, namespace, name)

    def wait(self, what: Callable[[], T | None], seconds: float, *, waiting_for: str) -> T:
        """Poll until `what` gives something true. `TransientError` after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            value = what()
            if value:
                return value
            if time.monotonic() >= deadline:
                raise transient("not seen in time", field=waiting_for, value=f"{seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def psql(self, key: Key, sql: str, *, secret: str = "", superuser: bool = False) -> Rows:
        """Ask a SampleDB's server, as an application would: with its Secret, over TCP.

        NULL is shown as "". Raises `TransientError` with PostgreSQL's own words.
        """
        name = layout.names(key.name, credentials=secret).credentials
        found = self.objects.get(SECRETS, key.namespace, name)
        address = self.node.resolve(key.name, key.namespace)
        if found is None or address is None:
            lacking = f"Secret {name}" if found is None else f"Pod behind Service {key.name}"
            raise transient("the database can't be reached yet", field=str(key), value=lacking)
        given = {item: value.decode() for item, value in content(SECRETS, found).items()}
        env = {
            "PGHOST": address,
            "PGPORT": "5432",
            "PGDATABASE": given.get("database", "postgres"),
            "PGUSER": "postgres" if superuser else given.get("username", "postgres"),
            "PGPASSWORD": given.get("postgres-password" if superuser else "password", ""),
            "PGOPTIONS": "-c client_min_messages=error",
            "PGCONNECT_TIMEOUT": "10",
        }
        launcher = self.node.launcher
        env = launcher.environment(self.node.programs.directory(max(INSTALLS)), env)
        command = ["psql", "-XqAt", "--csv", "-v", "ON_ERROR_STOP=1", "-c", sql]
        code, output = launcher.run(command, env, cwd=self.folder, seconds=60)
        if code != 0:
            raise transient(output.strip(), field=str(key))
        return [tuple(row) for row in csv.reader(io.StringIO(output))]

    def _furnish(self) -> None:
        definition: Object = crd.definition()
        self.store.create("customresourcedefinitions.apiextensions.k8s.io", definition)
        for name in self.options.storage_classes:
            self.store.create("storageclasses.storage.k8s.io", self._storage_class(name))
        for name in self.options.snapshot_classes or ():
            self.store.create(SNAPSHOT_CLASSES, snapshot_class(name))
        if self.options.snapshot_classes is None:
            for resource in SNAPSHOTS:
                self.store.resources.remove(resource.key)
        for name in self.options.namespaces:
            if self.objects.get("namespaces", "", name) is None:
                self.store.create("namespaces", {"metadata": {"name": name}})

    def _storage_class(self, name: str) -> Object:
        default = str(name == self.options.storage_classes[0]).lower()
        annotations = {"storageclass.kubernetes.io/is-default-class": default}
        return {
            "metadata": {"name": name, "annotations": annotations},
            "provisioner": "laptop.sampledb.dev/folder",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": True,
        }

    def _init_repository(self) -> None:
        git = Launcher(self.folder, repository=False)
        branch = f"--initial-branch={self.options.branch}"
        done = git.run("init", "--quiet", "--bare", branch, str(self.repository))
        if not done.ok:
            raise transient(
                "the repository can't be made", field=str(self.repository), value=done.err
            )


Rows = list[tuple[str, ...]]
"""The rows of an answer, every value as text."""


def _folder() -> Path:
    if sys.platform != "linux":
        raise invalid(
            "the laptop cluster runs on Linux only: every Pod gets a loopback address of its own",
            field="platform",
            value=sys.platform,
            remedy="run it in a container or a virtual machine",
        )
    # Not $TMPDIR first: it is often long, and a Unix socket's path must be short.
    above = "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else tempfile.gettempdir()  # noqa: S108  # mkdtemp makes a folder of our own in it
    folder = Path(tempfile.mkdtemp(prefix="sdb-", dir=above))
    if len(str(folder)) > FOLDER_LIMIT:
        folder.rmdir()
        raise invalid(
            "the folder for temporary files has too long a path for Unix sockets",
            field="TMPDIR",
            value=above,
            remedy="set TMPDIR to a short path",
        )
    folder.chmod(0o711)  # another account's processes pass through
    return folder
