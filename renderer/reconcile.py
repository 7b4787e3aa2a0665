"""One pass, without the loop around it: look, decide, render, stage.

The controller, `sampledb render|diff|check|commit` and the demo all come through here:
that is why what CI shows is what the controller commits, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from renderer import templating
from renderer.core import layout, manifests, resource, schemas, tombstone
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.errors import InvalidError
from renderer.core.layout import Key
from renderer.core.observed import Observed
from renderer.core.operations.chaos import faults
from renderer.core.plan import Files, Plan
from renderer.core.record import Record
from renderer.git.change import Change
from renderer.templating import Pack

AppOf = Callable[[Key, bool], bytes | None]
"""(SampleDB, is it being removed?) → the file in `apps/`, or None when there is none."""


class Tip(Protocol):
    """What is read of the branch's tip: `renderer.git.Repository` has it."""

    def tree(self, directory: str) -> str | None:
        """The tree id of a directory; None when it isn't there."""

    def listing(self, directory: str) -> Mapping[str, str]:
        """File name → blob id; empty when the directory isn't there."""

    def read_many(self, blob_ids: list[str]) -> Mapping[str, bytes]:
        """Blob id → content."""

    def read(self, path: str) -> bytes | None:
        """A file's content; None when it isn't there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the repository SampleDBs go."""

    path: str
    app: AppOf = lambda _key, _final: None

    def directory(self, key: Key) -> str:
        """The directory that the SampleDB owns."""
        return layout.directory(self.path, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the tip holds of one SampleDB."""

    tree: str | None
    listing: Mapping[str, str]
    record: Record | None


@dataclass(slots=True)
class Packs:
    """Template packs by engine, loaded once."""

    directory: Path | None = None
    """A folder with packs of the user's own; None = the built-in ones."""
    image: str = layout.IMAGE
    """This program's own image."""
    _loaded: dict[str, Pack] = field(default_factory=dict)

    def get(self, engine: str) -> Pack:
        """The pack that serves `engine`. Raises `InvalidError` naming those that exist."""
        pack = self._loaded.get(engine)
        if pack is None:
            pack = self._loaded[engine] = templating.load(templating.find(engine, self.directory))
        return pack


def resolve(document: Mapping[str, object], packs: Packs, default_namespace: str = "") -> Desired:
    """Parse a SampleDB and resolve it against its pack. Raises `InvalidError` with everything."""
    db = resource.parse(document, default_namespace=default_namespace)
    return templating.desired(db, packs.get(db.spec.engine), image=packs.image)


def stored(tip: Tip, place: Place, key: Key) -> Stored:
    """Read what the tip holds of one SampleDB.

    Raises `InvalidError` for a record that can't be read: then nothing is known of what
    was proved, and nothing may be written.
    """
    directory = place.directory(key)
    while True:
        tree = tip.tree(directory)
        if tree is None:
            return Stored(tree=None, listing={}, record=None)
        listing = tip.listing(directory)
        blob = listing.get(layout.RECORD_FILE)
        content = tip.read_many([blob]).get(blob) if blob else None
        if tip.tree(directory) == tree:
            break
    path = layout.join(directory, layout.RECORD_FILE)
    record = manifests.read_record(content, source=path) if content is not None else None
    return Stored(tree=tree, listing=listing, record=record)


def plan(desired: Desired, observed: Observed | None, held: Stored, now: datetime) -> Plan:
    """Decide; a thin seam so that every shell decides alike."""
    return decide(desired, observed, held.record, now)


def stage(desired: Desired, plan: Plan, packs: Packs, previous: Record | None) -> manifests.Staged:
    """Render a plan whose files are to be written, stamp it and pass the last gate.

    Raises `InvalidError` naming the template or the field when anything is wrong.
    """
    assert plan.record is not None  # noqa: S101 - a plan that writes has a record
    pack = packs.get(desired.db.spec.engine)
    engine = desired.db.spec.engine
    prepared = templating.prepare(
        pack,
        desired,
        roles=plan.roles,
        replicas=plan.replicas,
        protect=plan.protect,
        release=plan.release,
        previous=plan.previous,
        names=plan.names,
        protect_previous=plan.protect_previous,
        operation=plan.operation,
        configuration=plan.record.configuration,
        lent=plan.record.lent,
        started=plan.record.started,
        chaos=faults(plan.record, desired),
    )
    known = previous.children if previous else {}
    stamped, stamps = manifests.stamp(prepared, known, plan.record.generation)
    manifests.gate(stamped, key=desired.key)
    _check_schemas(stamped)
    record = replace(plan.record, children=stamps)
    return manifests.files(stamped, record, key=desired.key, engine=engine)


def _check_schemas(documents: Iterable[manifests.Document]) -> None:
    wrong = [
        detail
        for document in documents
        for detail in schemas.validate(document, source=manifests.title(document))
    ]
    if wrong:
        raise InvalidError(*wrong)


def as_it_stands(desired: Desired, plan: Plan, place: Place, held: Stored, tip: Tip) -> bool:
    """True when the tip surely holds what `plan` would write, without rendering it.

    The record keeps the digest of its sibling files (`files_digest`): when the inputs, the
    plan and the siblings are unchanged, so is the outcome. This is what makes a pass over
    thousands of idle SampleDBs cheap.
    """
    record = held.record
    if plan.files is not Files.WRITE or record is None or plan.record != record:
        return False
    if manifests.files_digest(held.listing) != record.files_digest:
        return False
    app = place.app(desired.key, _is_final(plan))
    return app is None or tip.read(layout.app_file(place.path, desired.key)) == app


def change(desired: Desired, plan: Plan, packs: Packs, place: Place, held: Stored) -> Change | None:
    """What is to be written for a plan; None when nothing is. Raises as `stage` does."""
    if plan.files is Files.LEAVE:
        return None
    key = desired.key
    removing = plan.files is Files.REMOVE
    app = None if removing else place.app(key, _is_final(plan))
    beside: dict[str, bytes | None] = {}
    if app is not None or removing:
        beside[layout.app_file(place.path, key)] = app
    files = None
    once = _tombstone(desired, plan, place) if removing else {}
    if not removing:
        files = stage(desired, plan, packs, held.record).content
    return Change(
        key=str(key),
        directory=place.directory(key),
        files=files,
        beside=beside,
        once=once,
        based_on=held.tree,
        subject=plan.subject,
        body="\n".join([plan.outlook, *(_KEPT.format(file) for file in once)]),
        trailers=_trailers(desired, plan),
    )


_KEPT = "{} says what was kept of it, and how to bring it back."


def _tombstone(desired: Desired, plan: Plan, place: Place) -> dict[str, bytes]:
    """The file that stays in Git when the directory goes, by its path; {} when nothing is kept."""
    found = tombstone.of(desired, plan.record) if plan.record else None
    if found is None:
        return {}
    path = layout.tombstone_file(place.path, desired.key, found.id)
    return {path: manifests.tombstone_file(found)}


def _is_final(plan: Plan) -> bool:
    """True from the step on in which the applier's own object goes with what it applies."""
    return plan.step in {"Remove", "Clear"}


def _trailers(desired: Desired, plan: Plan) -> tuple[tuple[str, str], ...]:
    generation = plan.record.generation if plan.record else 0
    pairs = (
        ("SampleDB", str(desired.key)),
        ("UID", desired.db.uid),
        ("Generation", str(generation) if generation else ""),
        ("Operation", f"{plan.operation} {plan.step}".strip()),
        ("Input-Digest", desired.digest),
        ("Templates", desired.templates),
        ("Image", desired.image),
    )
    return tuple((name, value) for name, value in pairs if value)
