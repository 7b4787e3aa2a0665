"""What may not change once a SampleDB exists: the CRD's transition rules, in Python."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.core.errors import Detail, InvalidError
from renderer.core.resource import explain
from renderer.core.resource.backup import PvcTarget
from renderer.core.resource.model import UpdateRule, alias
from renderer.core.resource.sampledb import SampleDB
from renderer.core.resource.spec import Spec
from renderer.core.resource.storage import Storage


def check_update(old: SampleDB, new: SampleDB) -> None:
    """Raise `InvalidError` with every change that isn't allowed."""
    details = [
        *_broken("spec", Spec.updates, old.spec, new.spec),
        *_broken("spec.storage", Storage.updates, old.spec.storage, new.spec.storage),
    ]
    before, after = _claim(old), _claim(new)
    if before is not None and after is not None:
        details += _broken("spec.backup.target.pvc", PvcTarget.updates, before, after)
    if details:
        raise InvalidError(*details)


def _claim(db: SampleDB) -> PvcTarget | None:
    return db.spec.backup.target.pvc if db.spec.backup.target is not None else None


def _broken(root: str, rules: tuple[UpdateRule, ...], old: object, new: object) -> Iterator[Detail]:
    for rule in rules:
        if not rule.holds(old, new):
            before, after = (explain.shown(_value(one, rule.field)) for one in (old, new))
            yield Detail(
                field=f"{root}.{rule.field}",
                problem=rule.message,
                value=f"{after}, was {before}",
                remedy=rule.remedy,
            )


def _value(holder: object, field: str) -> object:
    """The value of a field by its name in a document."""
    names = (slot for slot in dir(holder) if alias(slot) == field)
    return getattr(holder, next(names))
