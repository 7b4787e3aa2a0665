"""Read the settings from their three sources, and check them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel, to_snake

from renderer.core.errors import Detail, InvalidError, invalid
from renderer.settings.fields import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One setting, for --help and the documentation."""

    key: str
    """As in the file: `repository.knownHostsFile`."""
    variable: str
    """As in the environment: `SAMPLEDB_REPOSITORY_KNOWN_HOSTS_FILE`."""
    help: str
    default: object
    kind: object
    """The annotated type."""


def entries() -> Iterator[Entry]:
    """Every setting, in the order in which it is declared."""
    yield from _entries(Settings, "")


def _entries(group: type, above: str) -> Iterator[Entry]:
    hints = get_type_hints(group, include_extras=True)
    for item in fields(group):
        key = above + to_camel(item.name)
        if isinstance(hints[item.name], type) and is_dataclass(hints[item.name]):
            yield from _entries(hints[item.name], f"{key}.")
            continue
        yield Entry(
            key=key,
            variable="SAMPLEDB_" + to_snake(key.replace(".", "_")).upper(),
            help=item.metadata["help"],
            default=None if item.default is MISSING else item.default,
            kind=hints[item.name],
        )


def load(
    file: Mapping[str, object] | None = None,
    *,
    file_name: str = "",
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    check_files: bool = True,
) -> Settings:
    """Merge the three sources and check the result.

    `file` is the parsed document of the file `file_name`; `flags` is keyed as the
    file is (`repository.url`), each value with the flag's own name left to the
    command line. A variable that starts with SAMPLEDB_ and is no setting is
    ignored: Kubernetes itself sets SAMPLEDB_PORT where a Service is named sampledb.
    Without `check_files`, the files that are named need not be on this machine.
    Raises `InvalidError` with one detail for each thing that is wrong.
    """
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for key, value in _flat(file or {}, ""):
        _put(merged, key, value)
        origin[key] = file_name or "settings"
    for entry in entries():
        if (text := (environment or {}).get(entry.variable)) is not None:
            _put(merged, entry.key, text)
            origin[entry.key] = f"environment variable {entry.variable}"
    for key, value in (flags or {}).items():
        _put(merged, key, value)
        origin[key] = "command line"
    try:
        settings = TypeAdapter(Settings).validate_python(merged)
    except ValidationError as error:
        raise InvalidError(*(_detail(dict(item), origin) for item in error.errors())) from None
    _check_url(settings)
    if check_files:
        _check_files(settings)
    return settings


def _flat(document: Mapping[str, object], above: str) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _put(target: dict[str, Any], key: str, value: object) -> None:
    *groups, name = key.split(".")
    for group in groups:
        below = target.get(group)
        target = below if isinstance(below, dict) else target.setdefault(group, {})
    target[name] = value


def _detail(item: Mapping[str, Any], origin: Mapping[str, str]) -> Detail:
    key = ".".join(str(part) for part in item["loc"])
    source = origin.get(key) or next(
        (text for name, text in origin.items() if name.startswith(f"{key}.")), "settings"
    )
    problem = item["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    remedy = "see docs/settings.md"
    if item["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        problem = "there is no such setting"
        near = difflib.get_close_matches(key, [entry.key for entry in entries()], n=1)
        remedy = f"did you mean {near[0]}?" if near else remedy
    else:
        entry = next((entry for entry in entries() if entry.key == key), None)
        if entry:
            default = f" (default {entry.default!r})" if entry.default not in {None, ""} else ""
            remedy = f"it says: {entry.help.rstrip('.')}{default}"
    value = repr(item["input"])
    return Detail(field=f"{source}: {key}", problem=problem, value=value, remedy=remedy)


def _check_url(settings: Settings) -> None:
    if "@" in settings.repository.url.partition("://")[2].partition("/")[0]:
        user = settings.repository.url.partition("://")[2].partition("@")[0]
        if ":" in user:
            raise invalid(
                "a password in a URL ends up in logs and process lists",
                field="repository.url",
                remedy="leave it out and name its file in repository.tokenFile",
            )


def _check_files(settings: Settings) -> None:
    for entry in entries():
        if entry.key.startswith("repository.") and entry.key.endswith("File"):
            path = getattr(settings.repository, to_snake(entry.key.partition(".")[2]))
            if path and not Path(path).is_file():
                raise invalid(
                    "there is no such file",
                    field=entry.key,
                    value=path,
                    remedy=f"mount it there, or correct {entry.key} / {entry.variable}",
                )
