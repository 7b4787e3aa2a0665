"""The part of the model about the volume that holds the data."""

from __future__ import annotations

from typing import ClassVar

from pydantic.dataclasses import dataclass

from renderer.core.resource import fields
from renderer.core.resource.model import CONFIG, Checked, Rule, UpdateRule
from renderer.core.resource.volume import CLASS_IS_FIXED, NEVER_SHRINKS, SIZE_IS_POSITIVE


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Storage(Checked):
    """The volume that holds the data."""

    size: fields.Size
    """Size of the volume. It can grow, never shrink."""
    storage_class_name: fields.ObjectName = ""
    """StorageClass of the volume; empty for the cluster's default. Can't be changed."""
    keep_replaced: fields.Duration = ""
    """How long the volume is kept that a restore, or an upgrade by DumpRestore, has replaced, such
    as 7d, while the server runs on the new one; empty until kubectl sampledb confirm."""

    rules: ClassVar[tuple[Rule, ...]] = (
        SIZE_IS_POSITIVE,
        Rule(
            cel="self.keepReplaced == '' || self.keepReplaced.matches('[1-9]')",
            holds=lambda storage: (
                storage.keep_replaced.strip("0smhdw") != "" or storage.keep_replaced == ""
            ),
            message="must be more than nothing",
            field="keepReplaced",
            remedy="write a duration such as 7d, or leave it out to be asked",
        ),
    )
    updates: ClassVar[tuple[UpdateRule, ...]] = (NEVER_SHRINKS, CLASS_IS_FIXED)
