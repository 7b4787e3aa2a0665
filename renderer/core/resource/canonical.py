"""Stable bytes and digests of parsed values."""

from __future__ import annotations

import hashlib

import orjson


def canonical(value: object) -> bytes:
    """Return the same bytes for equal values: JSON, maps sorted by key.

    A parsed spec has its defaults filled in, so writing one out changes nothing.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: object) -> str:
    """Return 16 hex digits of the sha256 over `canonical(value)`."""
    return hashlib.sha256(canonical(value)).hexdigest()[:16]
