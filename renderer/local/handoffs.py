"""Applications and Kustomizations of `<path>/apps/`: applied, obeyed, and given their status.

Stands in for the root object that a user creates once, and for what Argo CD 3.5
and Flux 1.9 write into the status of their objects after a reconciliation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from renderer.core import documents
from renderer.core.errors import SampleDBError
from renderer.local import build
from renderer.local.api.errors import ApiError
from renderer.local.api.store import Store
from renderer.local.api.writes import Write
from renderer.local.objects import Object, condition, kept_times, name_of, namespace_of, timestamp
from renderer.local.stored import Stored

APPLICATIONS = "applications.argoproj.io"
KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
_RESOURCES = {"Application": APPLICATIONS, "Kustomization": KUSTOMIZATIONS}
_REFRESH = "argocd.argoproj.io/refresh"
Read = build.Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One Application or Kustomization, as Git has it."""

    wanted: Object
    directory: str

    @property
    def resource(self) -> str:
        """How the store names it."""
        return _RESOURCES[self.wanted["kind"]]

    @property
    def final(self) -> bool:
        """Whether its deletion takes along what it applied."""
        if self.resource == APPLICATIONS:
            return bool(self.wanted["metadata"].get("finalizers"))
        return str(self.wanted["spec"].get("deletionPolicy", "MirrorPrune")) != "Orphan"

    def marked(self, thing: Object) -> Object:
        """An object with the tool's mark that leads back to the Application or Kustomization."""
        head = thing["metadata"]
        name, namespace = name_of(self.wanted), namespace_of(self.wanted)
        if self.resource == KUSTOMIZATIONS:
            own = {
                "kustomize.toolkit.fluxcd.io/name": name,
                "kustomize.toolkit.fluxcd.io/namespace": namespace,
            }
            return thing | {"metadata": head | {"labels": (head.get("labels") or {}) | own}}
        version, kind, where, called = build.identity(thing)
        group = version.rpartition("/")[0]
        track = {"argocd.argoproj.io/tracking-id": f"{name}:{group}/{kind}:{where}/{called}"}
        annotations = (head.get("annotations") or {}) | track
        return thing | {"metadata": head | {"annotations": annotations}}


@dataclass(slots=True, kw_only=True)
class Handoffs:
    """All of one path's. Without any, everything below `databases/` is applied."""

    store: Store
    branch: str
    by_directory: dict[str, Handoff] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """File name → blob id, as last taken."""
    told: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Directory → (commit, error, resourceVersion) as last reported."""
    used: bool = False
    """There has been one: from then on, what has none isn't applied."""

    def take(self, files: Mapping[str, str], read: Read) -> tuple[str, list[Handoff]]:
        """Apply what is in `apps/`: (error or "", those that have left)."""
        if files == self.files:
            return "", []
        try:
            found = {handoff.directory: handoff for handoff in self._read(files, read)}
            for handoff in found.values():
                self.store.apply(handoff.wanted, manager="root", force=True, write=Write())
        except SampleDBError as error:
            return str(error), []
        except ApiError as error:
            return error.message, []
        gone = [known for place, known in self.by_directory.items() if place not in found]
        self.by_directory, self.files = found, dict(files)
        self.used = self.used or bool(found)
        return "", gone

    def remove(self, handoff: Handoff) -> None:
        """Delete one that has left Git, its finalizer included."""
        objects = Stored(self.store)
        live = self._live(handoff)
        if live is not None:
            objects.delete(handoff.resource, live)
            objects.change(handoff.resource, live, _free)

    def suspended(self, directory: str) -> bool:
        """Whether nothing may be applied there now."""
        handoff = self.by_directory.get(directory)
        if handoff is None:
            return self.used
        live = self._live(handoff)
        return live is None or bool((live.get("spec") or {}).get("suspend"))

    def report(self, directory: str, commit: str, error: str) -> None:
        """Write what the tool would write after it has gone through `commit`."""
        handoff = self.by_directory.get(directory)
        live = self._live(handoff) if handoff is not None else None
        if handoff is None or live is None:
            return
        flux = handoff.resource == KUSTOMIZATIONS
        if self.told.get(directory) == (commit, error, live["metadata"]["resourceVersion"]):
            return

        def put(now: Object) -> None:
            before = now.get("status") or {}
            if flux:
                revision = f"{self.branch}@sha1:{commit}"
                now["status"] = _flux(before, now["metadata"]["generation"], revision, error)
                return
            now["status"] = _argo(before, now["spec"], commit, error)
            (now["metadata"].get("annotations") or {}).pop(_REFRESH, None)

        # Application has no status subresource: its controller writes the whole object.
        new = Stored(self.store).change(handoff.resource, live, put, status=flux)
        if new is not None:
            self.told[directory] = (commit, error, new["metadata"]["resourceVersion"])

    def _live(self, handoff: Handoff) -> Object | None:
        return Stored(self.store).get(
            handoff.resource, namespace_of(handoff.wanted), name_of(handoff.wanted)
        )

    def _read(self, files: Mapping[str, str], read: Read) -> list[Handoff]:
        found = []
        for name in sorted(files):
            if not name.endswith(".yaml"):
                continue
            value = documents.one(read(name), source=f"apps/{name}").value
            if value.get("kind") in _RESOURCES:
                spec = value["spec"]
                path = spec.get("path") or (spec.get("source") or {}).get("path", "")
                found.append(Handoff(wanted=value, directory=path.removeprefix("./").strip("/")))
        return found


def _free(live: Object) -> None:
    live["metadata"].pop("finalizers", None)


def _flux(before: Object, generation: int, revision: str, error: str) -> Object:
    reason, text = (
        ("ReconciliationFailed", error)
        if error
        else ("ReconciliationSucceeded", f"Applied revision: {revision}")
    )
    ready = condition("Ready", "False" if error else "True", reason=reason, message=text)
    status = before | {
        "lastAttemptedRevision": revision,
        "conditions": kept_times([ready], before.get("conditions")),
    }
    if not error:
        status |= {"lastAppliedRevision": revision, "observedGeneration": generation}
    return status


def _argo(before: Object, spec: Object, commit: str, error: str) -> Object:
    outcome = "OutOfSync" if error else "Synced"
    last = before.get("operationState") or {}
    if (before.get("sync") or {}).get("status") == outcome and _tried(last) == commit:
        return before
    return before | {
        "sync": {"status": outcome, "revision": commit, "comparedTo": {"source": spec["source"]}},
        "operationState": {
            "phase": "Failed" if error else "Succeeded",
            "message": error or "successfully synced (all tasks run)",
            "operation": {"sync": {"revision": commit}},
            "syncResult": {"revision": commit, "source": spec["source"]},
            "finishedAt": timestamp(),
        },
    }


def _tried(last: Object) -> str:
    return str((last.get("syncResult") or {}).get("revision", ""))
