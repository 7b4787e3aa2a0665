"""VolumeSnapshots: each is a copy of its claim's folder, of one moment."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from renderer.core.resource import quantity
from renderer.local.objects import (
    CLAIMS,
    SNAPSHOT_CLASSES,
    SNAPSHOT_CONTENTS,
    SNAPSHOTS,
    Object,
    Objects,
    deleting,
    name_of,
    namespace_of,
    phase_of,
    timestamp,
    uid_of,
)
from renderer.local.processes import Launcher

DRIVER = "laptop.sampledb.dev/folder"
_DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"
_STILL = "TtZX"
"""States of a process that stands still, as /proc has them."""
_COPY_SECONDS = 120.0
_PATIENCE_SECONDS = 10.0


class Snapshots:
    """Takes snapshots, and gives them to the claims that are made from them."""

    def __init__(
        self, objects: Objects, folder: Path, launcher: Launcher, claim: Callable[[Object], Path]
    ) -> None:
        """Copies lie in `folder`; `claim` gives the folder of a claim."""
        self._objects, self._folder, self._launcher = objects, folder, launcher
        self._claim = claim
        self._paths: dict[str, Path] = {}
        self._count = 0

    def step(self) -> None:
        """One pass over all snapshots."""
        present = set()
        for snapshot in self._objects.list(SNAPSHOTS):
            present.add(uid_of(snapshot))
            if not deleting(snapshot) and uid_of(snapshot) not in self._paths:
                self._one(snapshot)
        for uid in [uid for uid in self._paths if uid not in present]:
            shutil.rmtree(self._paths.pop(uid), ignore_errors=True)
            content = self._objects.get(SNAPSHOT_CONTENTS, "", f"snapcontent-{uid}")
            if content is not None:
                self._objects.delete(SNAPSHOT_CONTENTS, content)

    def source(self, claim: Object) -> Path | None:
        """The copy that a claim is to be made from; None while there is none that fits."""
        name = claim["spec"]["dataSource"]["name"]
        snapshot = self._objects.get(SNAPSHOTS, namespace_of(claim), name)
        if snapshot is None or not (snapshot.get("status") or {}).get("readyToUse"):
            return None
        asked = claim["spec"]["resources"]["requests"]["storage"]
        least = snapshot["status"]["restoreSize"]
        fits = quantity.parse(asked) >= quantity.parse(least)
        return self._paths.get(uid_of(snapshot)) if fits else None

    def copy(self, source: Path, target: Path) -> None:
        """Copy a folder's content, with owners and modes. Raises `OSError` when it can't be."""
        command = ["cp", "-a", "--reflink=auto", f"{source}/.", str(target)]
        environment = self._launcher.environment(None, {})
        code, said = self._launcher.run(
            command, environment, cwd=self._folder, seconds=_COPY_SECONDS
        )
        if code != 0:
            raise OSError(said.strip())

    def _one(self, snapshot: Object) -> None:
        try:
            status = self._taken(snapshot)
        except (LookupError, OSError) as error:
            words = f"Failed to create snapshot content with error {error.args[0]}"
            before = (snapshot.get("status") or {}).get("error") or {}
            if before.get("message") == words:
                return
            status = {"readyToUse": False, "error": {"time": timestamp(), "message": words}}

        def put(live: Object) -> None:
            live["status"] = status

        self._objects.change(SNAPSHOTS, snapshot, put, status=True)

    def _taken(self, snapshot: Object) -> Object:
        """Take it; its status. `LookupError` in the snapshot controller's words when it can't."""
        chosen = snapshot["spec"].get("volumeSnapshotClassName") or self._default_class()
        if self._objects.get(SNAPSHOT_CLASSES, "", chosen) is None:
            message = f'volumesnapshotclass.snapshot.storage.k8s.io "{chosen}" not found'
            raise LookupError(message)
        name = snapshot["spec"]["source"]["persistentVolumeClaimName"]
        claim = self._objects.get(CLAIMS, namespace_of(snapshot), name)
        if claim is None:
            message = f"failed to get input parameters to create snapshot {name_of(snapshot)}: "
            message += f'"persistentvolumeclaim \\"{name}\\" not found"'
            raise LookupError(message)
        if phase_of(claim) != "Bound":
            message = (
                f"the PVC {name} is not yet bound to a PV, will not attempt to take a snapshot"
            )
            raise LookupError(message)
        self._count += 1
        path = self._folder / f"{self._count}-{name_of(snapshot)[-20:]}"
        path.mkdir()
        source = self._claim(claim)
        shutil.copystat(source, path)
        owner = source.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        with standing_still(source):
            self.copy(source, path)
        self._paths[uid_of(snapshot)] = path
        content = f"snapcontent-{uid_of(snapshot)}"
        self._objects.create(SNAPSHOT_CONTENTS, _content(content, snapshot, path, chosen))
        return {
            "boundVolumeSnapshotContentName": content,
            "creationTime": timestamp(),
            "readyToUse": True,
            "restoreSize": claim["status"]["capacity"]["storage"],
        }

    def _default_class(self) -> str:
        found = [
            name_of(each)
            for each in self._objects.list(SNAPSHOT_CLASSES)
            if (each["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
        ]
        if len(found) > 1:
            message = f"{len(found)} default snapshot classes were found"
            raise LookupError(message)
        if not found:
            message = "cannot find default snapshot class"
            raise LookupError(message)
        return found[0]


def snapshot_class(name: str) -> Object:
    """A VolumeSnapshotClass that is the default."""
    return {
        "metadata": {"name": name, "annotations": {_DEFAULT: "true"}},
        "driver": DRIVER,
        "deletionPolicy": "Delete",
    }


@contextlib.contextmanager
def standing_still(folder: Path) -> Iterator[None]:
    """Let every process that works in `folder` stand still: a copy is of one moment then.

    Raises `OSError` when they don't.
    """
    stopped: set[int] = set()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while moving := [process for process in _working_in(folder) if _moves(process)]:
            if time.monotonic() > deadline:
                message = f"processes {moving} use {folder} and don't stop"
                raise OSError(message)
            for process in moving:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGSTOP)
                    stopped.add(process)
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _working_in(folder: Path) -> Iterator[int]:
    """A server's processes have its data directory as their own: /proc tells that."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(folder):
                yield int(link.parent.name)


def _moves(process: int) -> bool:
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(") ")[2][:1] not in _STILL


def _content(name: str, snapshot: Object, path: Path, chosen: str) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {
            "deletionPolicy": "Delete",
            "driver": DRIVER,
            "source": {"volumeHandle": path.name},
            "volumeSnapshotClassName": chosen,
            "volumeSnapshotRef": {
                "apiVersion": snapshot["apiVersion"],
                "kind": snapshot["kind"],
                "namespace": namespace_of(snapshot),
                "name": name_of(snapshot),
                "uid": uid_of(snapshot),
            },
        },
    }
