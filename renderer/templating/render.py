"""From a SampleDB to documents: resolve it against its pack, then render role by role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Required, TypedDict, Unpack

from renderer.core import buckets, layout, manifests, resource
from renderer.core.configuration import Configuration
from renderer.core.desired import Desired, Release
from renderer.core.errors import Detail, InvalidError, invalid
from renderer.core.layout import JOBS, NAME_LABEL, ROLE_LABEL, Key, Role
from renderer.core.operations.chaos import Faults
from renderer.core.resource import duration
from renderer.templating.engine import SUFFIX
from renderer.templating.pack import Pack, template

FORMAT = 1
"""Goes up when the renderer itself would write other bytes for the same pack and spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One document of one role, as its template gives it: not yet normalised or stamped."""

    role: Role
    document: dict[str, Any]


def desired(db: resource.SampleDB, pack: Pack, *, image: str = layout.IMAGE) -> Desired:
    """Resolve a SampleDB against its pack; `image` is this program's own.

    Raises `InvalidError` for a version that the pack doesn't serve, and for each
    parameter that it refuses, with the reason that the pack gives.
    """
    wrong = [
        Detail(
            field=f"spec.parameters.{name}",
            problem=f"can't be set: {pack.declared.parameters.refused[name.lower()]}",
            value=repr(value),
            remedy="remove it",
        )
        for name, value in db.spec.parameters.items()
        if name.lower() in pack.declared.parameters.refused
    ]
    try:
        major, server = pack.major(db.spec.version), db.spec.image or pack.image(db.spec.version)
        version, newest = _versions(pack, db, major)
    except InvalidError as error:
        raise InvalidError(*error.details, *wrong) from None
    if wrong:
        raise InvalidError(*wrong)
    own_image = [image] if buckets.own(db) else []
    return Desired(
        db=db,
        image=server,
        major=major,
        version=version,
        newest=newest,
        digest=resource.digest([FORMAT, pack.digest, db.namespace, db.name, db.spec, *own_image]),
        own_image=image,
        init_digest=resource.digest(db.spec.init),
        templates=f"{pack.name}@{pack.digest[:12]}",
    )


def _versions(pack: Pack, db: resource.SampleDB, major: str) -> tuple[str, str]:
    """The version that the server will say it has, and the newest of its major."""
    if db.spec.image:
        return (db.spec.version if "." in db.spec.version else ""), ""
    return pack.minor(db.spec.version), pack.minor(major)


class Planned(TypedDict, total=False):
    """What the plan decides of a rendering."""

    replicas: Required[int]
    protect: Required[bool]
    """Whether the data claim is protected from pruning."""
    release: Release | None
    """The server; None for the one that the spec asks for."""
    previous: str
    """The major version of the old data beside the converted ones."""
    names: layout.Names | None
    """The names of the children; None for those without a restore."""
    protect_previous: bool
    """Whether the claim that a restore has replaced is protected from pruning."""
    operation: str
    """The id of the operation under way: a Job of another operation is another Job."""
    configuration: Configuration | None
    """What the server starts with; None for what the spec asks for."""
    lent: str
    """Where the backup lies that another namespace's SampleDB lends; "" when none does."""
    started: Configuration | None
    """What the Pod's template names; None for `configuration`."""
    chaos: Faults
    """The fault that an experiment makes, and the one that last replaced the Pod."""


def render(
    pack: Pack, desired: Desired, *, roles: frozenset[Role], **planned: Unpack[Planned]
) -> tuple[Rendered, ...]:
    """Render the documents of `roles`, in the order of `Role`.

    Raises `InvalidError` naming the template, the line and the way out.
    """
    rendering = _begin(pack, desired, roles, planned)
    return tuple(
        Rendered(role=role, document=rendering.document(role)) for role in Role if role in roles
    )


def prepare(
    pack: Pack, desired: Desired, *, roles: frozenset[Role], **planned: Unpack[Planned]
) -> list[manifests.Document]:
    """Render as `render` does, and make each document ready to be stamped (`manifests.prepare`)."""
    rendering = _begin(pack, desired, roles, planned)
    return [rendering.prepared(role) for role in Role if role in roles]


def _begin(pack: Pack, desired: Desired, roles: frozenset[Role], planned: Planned) -> _Rendering:
    for role in roles.difference(pack.declared.roles):
        problem = f"the template pack {pack.name} has no template for {role.value}"
        raise invalid(
            problem,
            field="spec.engine",
            remedy="switch off what needs it, or use another template pack",
        )
    context = _context(pack, desired, roles, planned)
    return _Rendering(pack, desired.key, context)


_BY_NAME = {role.value: role for role in Role}
_ORDER = {role: number for number, role in enumerate(Role)}


class _Rendering:
    """The documents of one SampleDB, each rendered once: when it, or its hash, is asked for."""

    __slots__ = ("_context", "_done", "_hashes", "_key", "_pack", "_prepared")

    def __init__(self, pack: Pack, key: Key, context: Mapping[str, Any]) -> None:
        self._pack, self._key, self._context = pack, key, context
        self._done: dict[Role, dict[str, Any]] = {}
        self._prepared: dict[Role, dict[str, Any]] = {}
        self._hashes: dict[Role, str] = {}

    def document(self, role: Role) -> dict[str, Any]:
        if role not in self._done:
            own = {
                **self._context,
                "labels": layout.labels(self._key, role, self._pack.name),
                "hashes": _Hashes(self, role),
            }
            if role in JOBS:
                own["job"] = self._context["names"].job(role)
            self._done[role] = self._pack.engine.document(template(role), own)
        return self._done[role]

    def prepared(self, role: Role) -> dict[str, Any]:
        if role not in self._prepared:
            document = self.document(role)
            self._prepared[role] = manifests.prepare(document, role, self._key, self._pack.name)
        return self._prepared[role]

    def content_hash(self, role: Role) -> str:
        if role not in self._hashes:
            self._hashes[role] = manifests.content_hash(self.prepared(role))
        return self._hashes[role]

    def has(self, role: Role) -> bool:
        return role in self._pack.declared.roles


class _Hashes(Mapping[str, str]):
    """`hashes` in a template: the content hash of each role above its own."""

    __slots__ = ("_rendering", "_role")

    def __init__(self, rendering: _Rendering, role: Role) -> None:
        self._rendering, self._role = rendering, role

    def __iter__(self) -> Iterator[str]:
        above = (role for role in Role if _ORDER[role] < _ORDER[self._role])
        return (role.value for role in above if self._rendering.has(role))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> str:
        role = _BY_NAME.get(name)
        if role is None or _ORDER[role] >= _ORDER[self._role] or not self._rendering.has(role):
            raise KeyError(name)
        return self._rendering.content_hash(role)


def _context(
    pack: Pack, desired: Desired, roles: frozenset[Role], planned: Planned
) -> dict[str, Any]:
    """What a template may use; documented in templates/README.md."""
    db = desired.db
    release = planned.get("release") or desired.release
    names = planned.get("names") or layout.names(db.name, credentials=desired.credentials)
    context: dict[str, Any] = {
        "db": db,
        "spec": db.spec,
        "names": names,
        "selector": {NAME_LABEL: db.name, ROLE_LABEL: Role.SERVER.value},
        "image": release.image,
        "major": release.major,
        "wanted": desired.release,
        "previous": planned.get("previous", ""),
        "operation": planned.get("operation", ""),
        "chaos": planned.get("chaos", Faults()),
        "init_digest": desired.init_digest,
        "max_age_days": _days(db.spec.backup.retention.max_age),
        "replicas": planned["replicas"],
        "protect": planned["protect"],
        "protect_previous": planned.get("protect_previous", True),
        "roles": frozenset(role.value for role in roles),
        "scripts": pack.scripts,
        "own_image": desired.own_image,
        "store": _url(buckets.own(db)),
        "restored_from": planned.get("lent") or _url(buckets.to_restore(db)),
    }
    asked = desired.configuration
    wanted_files = _files(pack, context, asked)
    in_force = planned.get("configuration") or asked
    files = wanted_files if in_force == asked else _files(pack, context, in_force)
    started = planned.get("started") or in_force
    return {
        **context,
        "parameters": _parameters(pack, in_force),
        "wanted_parameters": _parameters(pack, asked),
        "files": files,
        "wanted_files": wanted_files,
        "started_files": files if started == in_force else _files(pack, context, started),
    }


def _files(
    pack: Pack, context: Mapping[str, Any], configuration: Configuration
) -> Mapping[str, str]:
    """The texts of `conf/`, for a server with this configuration."""
    values = {
        **context,
        "parameters": _parameters(pack, configuration),
        "pg_hba": configuration.hba,
    }
    return {name: pack.engine.text(f"conf/{name}{SUFFIX}", values) for name in pack.configurations}


def _url(place: buckets.Place | None) -> str:
    return str(place) if place else ""


def _days(age: str) -> str:
    """A duration in whole days, rounded up: nothing goes before its time. "" for none."""
    return str(-(duration.parse(age) // -timedelta(days=1))) if age else ""


def _parameters(pack: Pack, configuration: Configuration) -> dict[str, str]:
    """The pack's defaults below the SampleDB's own; names are the same in any case."""
    own = {name.lower() for name in configuration.parameters}
    defaults = pack.declared.parameters.defaults
    kept = {name: value for name, value in defaults.items() if name.lower() not in own}
    return {**kept, **configuration.parameters}
