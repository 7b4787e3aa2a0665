"""Rows as kubectl prints them, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

_GAP = "   "


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows under their heads; an empty cell is left empty."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(head))]
    shown = (
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join(shown) + "\n"


def objects(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a JSON list with one object for each row."""
    found = [dict(zip(head, row, strict=True)) for row in rows]
    return json.dumps(found, indent=2, ensure_ascii=False)
