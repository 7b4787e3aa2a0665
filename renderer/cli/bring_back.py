"""`sampledb restore --from-tombstone`: the SampleDB that brings a deleted one back, printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from renderer.cli.findings import CommandError
from renderer.cli.one import key_of, written
from renderer.cli.sources import placed
from renderer.cli.tombstone_files import find
from renderer.core.bringing_back import brought_back
from renderer.core.errors import InvalidError, invalid
from renderer.core.layout import Key
from renderer.settings import Settings


def tombstone_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --from-tombstone and --folder."""
    function = click.option(
        "--folder", default="", metavar="DIR", help="Look for the tombstone in a checkout."
    )(function)
    return click.option(
        "--from-tombstone",
        "tombstone",
        default="",
        metavar="FILE|NAMESPACE/NAME",
        help="Print the SampleDB that brings a deleted one back; - for stdin.",
    )(function)


def document(
    settings: Settings, wanted: str, folder: str, *, name: str, restore_id: str, output: str
) -> str:
    """The SampleDB as text. Raises when the tombstone can't be read or nothing can be restored."""
    found = find(settings, folder, wanted)
    other = _name(settings, name, found.tombstone.key)
    try:
        made = brought_back(found.tombstone, name=other, restore_id=restore_id)
    except InvalidError as error:
        raise CommandError(*placed(error, file=found.file)) from error
    return written(made, output)


def _name(settings: Settings, name: str, key: Key) -> str:
    """The new SampleDB's name; "" for the old one's."""
    if not name:
        return ""
    wanted = key_of(settings, name if "/" in name else f"{key.namespace}/{name}")
    if wanted.namespace != key.namespace:
        problem = f"is not in {key.namespace}, where the backup lies on a volume"
        raise invalid(
            problem,
            field="NAME",
            value=name,
            remedy=f"a volume is mounted in its own namespace only: write {key.namespace}/"
            f"{wanted.name}",
        )
    return wanted.name
