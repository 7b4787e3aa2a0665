"""One pass over one SampleDB: look, decide, hand the change to the publisher, tell the status."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from renderer import reconcile
from renderer.cluster import kinds
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.cluster.failure import NotFoundError
from renderer.controller import outcomes
from renderer.controller.pace import StatusPace
from renderer.controller.words import condition_of, only_words, waits_for_applier
from renderer.controller.world import Told, World
from renderer.core import backups
from renderer.core.conditions import timestamp
from renderer.core.desired import Desired
from renderer.core.early_status import invalid_status
from renderer.core.errors import InvalidError
from renderer.core.layout import FINALIZER, Key
from renderer.core.observed import Delivery
from renderer.core.plan import Phase, Plan, Trouble
from renderer.core.record import Record
from renderer.core.status import GitState, Pass, summarise
from renderer.git.change import Change
from renderer.reconcile import Stored

_RESTING = {Phase.READY, Phase.HIBERNATED, Phase.PAUSED}
"""Phases whose beginning is told in an Event; the others begin with a commit, which is."""


@dataclass(slots=True)
class Reconciler:
    """Makes passes. Thread-safe for different keys."""

    world: World
    submit: Callable[[Key, Change], None]
    """Hands a change to the publisher."""
    under_way: Callable[[Key], bool]
    """Whether a push of a change goes on, of which the outcome isn't known yet."""
    look_again: Callable[[Key, float], None]
    """Has a pass made in so many seconds, though nothing changes until then."""
    _secrets: set[tuple[Key, str]] = field(default_factory=set)
    _pace: StatusPace = field(default_factory=StatusPace)
    _own: dict[Key, tuple[str, Object]] = field(default_factory=dict)
    """The cached version that a pass began with, and what our writes made of it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reconcile(self, key: Key) -> None:
        """Make one pass. Raises `TransientError` when the API server or Git is in the way."""
        cached = self.world.sampledbs.get(key)
        if cached is None:
            self._forget(key)
            return
        about = self._newest(key, cached)
        try:
            desired = reconcile.resolve(about, self.world.packs)
            self._pass(about, desired)
        except InvalidError as error:
            self._refuse(about, str(error))
        except NotFoundError:
            self._forget(key)
        self._tell_commit(about, key)

    def _pass(self, about: Object, desired: Desired) -> None:
        world, key = self.world, desired.key
        if not desired.db.deleting:
            about = self._adopt(about)
        held = reconcile.stored(world.repository, world.place, key)
        about = self._show_proof(about, held.record)
        # In this order: what lands after the look at the tip is still seen to be under way.
        flying = self.under_way(key)
        told = self._told(about, key, exists=held.tree is not None)
        observed = world.observe(key)
        delivery = world.deliver(desired, told.commit)
        observed = replace(observed, clock_ahead=world.cluster.clock_ahead)
        if delivery is not None:
            observed = replace(observed, delivery=delivery)
        now = world.clock()
        plan = reconcile.plan(desired, observed, held, now)
        if plan.look_at is not None:
            self.look_again(key, (plan.look_at - now).total_seconds())
        if plan.drop_finalizer:
            self._tell_commit(about, key)
            self._release(about, key, plan)
            return
        if plan.create_secret:
            self._create_secret(desired)
        pending = self._submit(desired, plan, held) or flying
        git = GitState(
            repository=world.url,
            branch=world.branch,
            path=world.place.directory(key),
            commit=told.commit,
            committed_at=told.committed_at,
            pending=pending,
            error=told.error if pending else "",
            unseen=world.memory.unseen,
        )
        status = summarise(
            Pass(
                desired=desired,
                plan=plan,
                observed=observed,
                record=held.record,
                git=git,
                previous=about.get("status") or {},
                now=now,
            )
        )
        seconds = self._pace.push(key, waiting=pending and not told.error)
        if seconds:
            self.look_again(key, seconds)
        else:
            self._write(about, key, status, plan, delivery)

    def _tell_commit(self, about: Object, key: Key) -> None:
        """An Event for the last commit, unless another one has told it."""
        news = self.world.memory.news(key)
        if news:
            self.world.tell(about, "Committed", news, warning=False)

    def _newest(self, key: Key, cached: Object) -> Object:
        """The cached object, or what our own last write made of it while the watch is behind."""
        version = cached["metadata"]["resourceVersion"]
        with self._lock:
            based_on, written = self._own.get(key, ("", cached))
            if based_on == version:
                return written
            self._own[key] = (version, cached)
            return cached

    def _wrote(self, key: Key, written: Object, kind: str) -> Object:
        """Remember what a write gave, until the watch brings something newer."""
        self.world.metrics.writes.labels(kind).inc()
        with self._lock:
            based_on, _ = self._own.get(key, ("", written))
            self._own[key] = (based_on, written)
        return written

    def _adopt(self, about: Object) -> Object:
        """Put the finalizer on before anything is committed."""
        finalizers = list(about["metadata"].get("finalizers") or ())
        if FINALIZER in finalizers:
            return about
        wanted = [*finalizers, FINALIZER]
        about = self.world.cluster.set_finalizers(kinds.SAMPLEDBS, about, wanted)
        return self._wrote(key_of(about), about, "finalizer")

    def _show_proof(self, about: Object, record: Record | None) -> Object:
        """Tell the final backup before what comes of it: soon nobody can, and nothing waits then.

        Else a deletion whose steps are each over in a moment would be told at none of them.
        """
        status = about.get("status") or {}
        proof = backups.shown(record.final_backup) if record and record.final_backup else None
        if proof is None or status.get("finalSnapshot") == proof:
            return about
        told = {**status, "finalSnapshot": proof}
        about = self.world.cluster.patch_status(kinds.SAMPLEDBS, about, told)
        return self._wrote(key_of(about), about, "status")

    def _release(self, about: Object, key: Key, plan: Plan) -> None:
        """Let the API server remove the SampleDB: Git holds nothing of it any more."""
        finalizers = [f for f in about["metadata"].get("finalizers") or () if f != FINALIZER]
        self.world.tell(about, "Deleted", plan.why, warning=False)
        self.world.cluster.set_finalizers(kinds.SAMPLEDBS, about, finalizers)
        self.world.metrics.writes.labels("finalizer").inc()
        self._forget(key)

    def _create_secret(self, desired: Desired) -> None:
        one = (desired.key, desired.credentials)
        with self._lock:
            if one in self._secrets:
                return
        if self.world.cluster.create_secret(self.world.secret(desired)):
            self.world.metrics.writes.labels("secret").inc()
        with self._lock:
            self._secrets.add(one)

    def _submit(self, desired: Desired, plan: Plan, held: Stored) -> bool:
        """Hand what is to be written to the publisher; False when the tip holds it already."""
        world = self.world
        if reconcile.as_it_stands(desired, plan, world.place, held, world.repository):
            return False
        change = reconcile.change(desired, plan, world.packs, world.place, held)
        if change is None or world.repository.holds(change):
            return False
        self.submit(desired.key, change)
        return True

    def _told(self, about: Object, key: Key, *, exists: bool) -> Told:
        """The commit that last wrote the directory: remembered, from the status, or from Git."""
        told = self.world.memory.get(key)
        if told.commit or told.error or not exists:
            return told
        git = (about.get("status") or {}).get("git") or {}
        if git.get("commit"):
            told = Told(commit=git["commit"], committed_at=git.get("committedAt", ""))
        else:
            last = self.world.repository.last_commit(self.world.place.directory(key))
            if last is not None:
                told = Told(commit=last[0], committed_at=timestamp(last[1]))
        self.world.memory.put(key, told)
        return told

    def _write(
        self,
        about: Object,
        key: Key,
        status: Mapping[str, object],
        plan: Plan,
        delivery: Delivery | None,
    ) -> None:
        before = about.get("status") or {}
        if before == status:
            self._pace.same(key)
            return
        words = only_words(before, status)
        going_on = delivery is not None and delivery.under_way
        applier = going_on and waits_for_applier(before) and waits_for_applier(status)
        seconds = self._pace.words(key, applier=applier) if words else 0.0
        if seconds:
            self.look_again(key, seconds)
            return
        self._say(about, before, status, plan)
        written = self.world.cluster.patch_status(kinds.SAMPLEDBS, about, dict(status))
        self._wrote(key, written, "status")
        self._pace.wrote(key, words=words)

    def _say(
        self, about: Object, before: Mapping[str, object], status: Mapping[str, object], plan: Plan
    ) -> None:
        """An Event for each problem that is new, each phase reached, each experiment's end.

        That of a phase reached tells the commit that has led there, too.
        """
        for entry in outcomes.experiments(before, status):
            alarm = entry["result"] in outcomes.ALARMS
            self.world.tell(about, str(entry["result"]), outcomes.sentence(entry), warning=alarm)
            outcomes.count(self.world.metrics, key_of(about), entry)
        problem = plan.problem
        if problem and problem.trouble is Trouble.STALLED:
            if condition_of(before, "Stalled") != ("True", problem.reason):
                self.world.tell(about, problem.reason, problem.message, warning=True)
        elif problem and problem.calls:
            if condition_of(before, "Ready")[1] != problem.reason:
                self.world.tell(about, problem.reason, problem.message, warning=False)
        elif before.get("phase") != status.get("phase") and plan.phase in _RESTING:
            last = self.world.memory.news(key_of(about))
            words = f"{status['message']}; {last}" if last else str(status["message"])
            self.world.tell(about, str(status["phase"]), words, warning=False)

    def _refuse(self, about: Object, message: str) -> None:
        """The SampleDB, its template or its record is wrong: say so, write nothing else."""
        before = about.get("status") or {}
        generation = int(about["metadata"].get("generation") or 0)
        now = self.world.clock()
        status = invalid_status(generation=generation, message=message, previous=before, now=now)
        if before != status:
            if before.get("message") != message:
                self.world.tell(about, "Invalid", message, warning=True)
            written = self.world.cluster.patch_status(kinds.SAMPLEDBS, about, status)
            self._wrote(key_of(about), written, "status")

    def _forget(self, key: Key) -> None:
        self.world.memory.forget(key)
        with self._lock:
            self._secrets = {one for one in self._secrets if one[0] != key}
            self._own.pop(key, None)
        self._pace.forget(key)
