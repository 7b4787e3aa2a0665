"""pack.yaml, parsed: what a pack declares about itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import ConfigDict, Field, StrictStr, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from renderer.core import documents, fields
from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import Role

FORMAT = 1
_CONFIG = ConfigDict(extra="forbid", defer_build=True)
_Name = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Line = Annotated[StrictStr, Field(pattern=r"^[^\x00-\x1f]+$")]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Parameters:
    """How `spec.parameters` is treated."""

    defaults: Mapping[_Line, StrictStr] = Field(default_factory=dict)
    """Settings that a SampleDB may override."""
    refused: Mapping[_Line, _Line] = Field(default_factory=dict)
    """Name of a setting → why a SampleDB can't have it."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Declaration:
    """The content of pack.yaml."""

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)]
    """Version of this file's format: 1."""
    engine: _Name
    """What `spec.engine` says."""
    description: _Line
    image: Annotated[StrictStr, Field(pattern=r"^[^\s{}]+\{version\}[^\s{}]*$")]
    """Image reference in which `{version}` stands for major.minor."""
    versions: Annotated[
        Mapping[
            Annotated[StrictStr, Field(pattern=r"^[0-9]+$")],
            Annotated[StrictStr, Field(pattern=r"^[0-9]+\.[0-9]+$")],
        ],
        Field(min_length=1),
    ]
    """Each major that is served → the minor that it means when none is given."""
    operations: tuple[_Line, ...]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    """The children that the pack has templates for."""
    parameters: Parameters = Field(default_factory=Parameters)


@cache
def _adapter() -> TypeAdapter[Declaration]:
    return TypeAdapter(Declaration)


def declaration(content: bytes, *, source: str) -> Declaration:
    """Parse pack.yaml. Raises `InvalidError` with every fault at once."""
    document = documents.one(content, source=source)
    try:
        declared = _adapter().validate_python(document.value)
    except ValidationError as error:
        found = [_detail(one, source) for one in error.errors(include_url=False)]
        raise InvalidError(*found) from error
    wrong = [
        Detail(
            problem=f"must begin with its major, {major}.",
            field=f"{source}: versions.{major}",
            value=repr(minor),
            remedy=f"write a minor of {major}",
        )
        for major, minor in declared.versions.items()
        if not minor.startswith(f"{major}.")
    ]
    if wrong:
        raise InvalidError(*wrong)
    return declared


def _detail(error: Mapping[str, object], source: str) -> Detail:
    path = ""
    location = error["loc"]
    for part in location if isinstance(location, tuple) else ():
        path = fields.child(path, part)
    shown = "" if error["type"] == "missing" else repr(error["input"])
    return Detail(
        problem=str(error["msg"]),
        field=f"{source}: {path}",
        value=shown if len(shown) <= 80 else "",  # noqa: PLR2004 # what fits on a line
        remedy="see templates/postgresql/pack.yaml for an example",
    )
