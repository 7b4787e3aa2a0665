"""From a SampleDB to documents: resolve it against its pack, then render role by role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renderer.core import layout, manifests, resource
from renderer.core.desired import Desired
from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import NAME_LABEL, ROLE_LABEL, Role
from renderer.core.resource import SampleDB
from renderer.templating.engine import SUFFIX
from renderer.templating.pack import Pack, template

FORMAT = 1
"""Goes up when the renderer itself would write other bytes for the same pack and spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One document of one role, as its template gives it: not yet normalised or stamped."""

    role: Role
    document: dict[str, Any]


def desired(db: SampleDB, pack: Pack) -> Desired:
    """Resolve a SampleDB against its pack.

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
        major, image = pack.major(db.spec.version), db.spec.image or pack.image(db.spec.version)
    except InvalidError as error:
        raise InvalidError(*error.details, *wrong) from None
    if wrong:
        raise InvalidError(*wrong)
    return Desired(
        db=db,
        image=image,
        major=major,
        digest=resource.digest([FORMAT, pack.digest, db.namespace, db.name, db.spec]),
        init_digest=resource.digest(db.spec.init),
    )


def render(
    pack: Pack, desired: Desired, *, roles: frozenset[Role], replicas: int, protect: bool
) -> tuple[Rendered, ...]:
    """Render the documents of `roles`, in the order of `Role`.

    Roles that only other templates refer to by their hash are rendered for that
    and left out of the result. Raises `InvalidError` naming the template.
    """
    context = _context(pack, desired, roles, replicas=replicas, protect=protect)
    hashes: dict[str, str] = context["hashes"]
    rendered = []
    for role in Role:
        needed = role in roles or (role in _HASHED and _HASHED[role] & roles)
        if not needed or role not in pack.declared.roles:
            _refuse_unknown(pack, role, roles)
            continue
        context["labels"] = layout.labels(desired.key, role, pack.name)
        document = pack.engine.document(template(role), context)
        hashes[role.value] = manifests.content_hash(document)
        if role in roles:
            rendered.append(Rendered(role=role, document=document))
    return tuple(rendered)


_JOBS = frozenset({Role.INIT, Role.BACKUP, Role.FINAL_BACKUP})
_HASHED: Mapping[Role, frozenset[Role]] = {
    Role.CONFIG: frozenset({Role.SERVER}),
    Role.SCRIPTS: _JOBS,
    Role.CONNECTION: _JOBS,
}
"""Which roles' templates may ask for the hash of a role that isn't rendered itself."""


def _refuse_unknown(pack: Pack, role: Role, roles: frozenset[Role]) -> None:
    if role in roles:
        raise InvalidError(
            Detail(
                field="spec.engine",
                problem=f"the template pack {pack.name} has no template for {role.value}",
                remedy="switch off what needs it, or use another template pack",
            )
        )


def _context(
    pack: Pack, desired: Desired, roles: frozenset[Role], *, replicas: int, protect: bool
) -> dict[str, Any]:
    """What a template may use; documented in templates/README.md."""
    db = desired.db
    context: dict[str, Any] = {
        "db": db,
        "spec": db.spec,
        "names": layout.names(db.name, credentials=db.spec.credentials.secret_name),
        "selector": {NAME_LABEL: db.name, ROLE_LABEL: Role.SERVER.value},
        "image": desired.image,
        "major": desired.major,
        "init_digest": desired.init_digest,
        "replicas": replicas,
        "protect": protect,
        "roles": frozenset(role.value for role in roles),
        "parameters": _parameters(pack, db),
        "scripts": pack.scripts,
        "hashes": {},
    }
    context["files"] = {
        name: pack.engine.text(f"conf/{name}{SUFFIX}", context) for name in pack.configurations
    }
    return context


def _parameters(pack: Pack, db: SampleDB) -> dict[str, str]:
    """The pack's defaults below the SampleDB's own; names are the same in any case."""
    own = {name.lower() for name in db.spec.parameters}
    defaults = pack.declared.parameters.defaults
    kept = {name: value for name, value in defaults.items() if name.lower() not in own}
    return {**kept, **db.spec.parameters}
