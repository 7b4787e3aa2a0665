"""The one SampleDB that a command is about: its name, the object, and how it is shown."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from renderer.cli.seen import connect
from renderer.cluster.client import Cluster, Object
from renderer.cluster.failure import NotFoundError
from renderer.cluster.kinds import SAMPLEDBS
from renderer.core import emit
from renderer.core.errors import InvalidError, invalid
from renderer.core.layout import Key
from renderer.settings import Settings

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def name_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add NAME|NAMESPACE/NAME."""
    return click.argument("name", metavar="NAME|NAMESPACE/NAME")(function)


def output_option(first: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add -o: `first` (for people), json or yaml."""
    return click.option("-o", "--output", type=click.Choice([first, "json", "yaml"]), default=first)


def key_of(settings: Settings, name: str) -> Key:
    """Which SampleDB `name` is. Raises `InvalidError` for what can be none's name."""
    given, _, last = name.rpartition("/")
    namespace = given or settings.cluster.namespace or "default"
    if not (_NAME.fullmatch(namespace) and _NAME.fullmatch(last)):
        raise invalid(
            "is not the name of a SampleDB",
            field="NAME",
            value=name,
            remedy="write NAME or NAMESPACE/NAME, in lower-case letters, digits and '-'",
        )
    return Key(namespace=namespace, name=last)


@contextlib.contextmanager
def opened(settings: Settings, name: str) -> Iterator[tuple[Cluster, Object]]:
    """The cluster of the settings and the SampleDB `name` in it."""
    key = key_of(settings, name)
    with contextlib.closing(connect(settings)) as cluster:
        yield cluster, fetch(cluster, key)


def fetch(cluster: Cluster, key: Key) -> Object:
    """The SampleDB. Raises `InvalidError` when there is none of that name."""
    try:
        return cluster.get(SAMPLEDBS, key.namespace, key.name)
    except NotFoundError as error:
        if "not found" not in str(error):
            raise  # the resource itself isn't there
        raise _missing(key) from error


def _missing(key: Key) -> InvalidError:
    return invalid(
        "there is no such SampleDB",
        field="NAME",
        value=str(key),
        remedy="'sampledb get' lists them; give the namespace as NAMESPACE/NAME or -n",
    )


def written(value: Mapping[str, Any], output: str) -> str:
    """A value for programs: JSON or YAML, as `output` says."""
    if output == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    return emit.dump(value).decode().rstrip("\n")
