"""The rules of a volume's size and class, shared by data and backups."""

from __future__ import annotations

from typing import Any

from renderer.core.resource import quantity
from renderer.core.resource.model import Rule, UpdateRule

SIZE_IS_POSITIVE = Rule(
    cel="!isQuantity(self.size) || quantity(self.size).isGreaterThan(quantity('0'))",
    holds=lambda volume: quantity.parse(volume.size) > 0,
    message="must be more than nothing",
    field="size",
    remedy="write a size such as 10Gi",
)


def _grows(old: Any, new: Any) -> bool:  # noqa: ANN401 - any class with a size
    return quantity.parse(new.size) >= quantity.parse(old.size)


NEVER_SHRINKS = UpdateRule(
    cel="!isQuantity(self.size) || !isQuantity(oldSelf.size)"
    " || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
    holds=_grows,
    message="must not shrink: a volume can only grow",
    field="size",
    remedy="write the old size, or a larger one",
)
CLASS_IS_FIXED = UpdateRule(
    cel="self.storageClassName == oldSelf.storageClassName",
    holds=lambda old, new: old.storage_class_name == new.storage_class_name,
    message="can't be changed: a volume stays in its StorageClass",
    field="storageClassName",
    remedy="write the old value; to move, create a new SampleDB and restore a backup into it",
)
