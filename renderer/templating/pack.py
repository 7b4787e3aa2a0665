"""A template pack: a folder that says which database it serves, and how it is rendered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import renderer
from renderer.core import layout
from renderer.core.errors import invalid
from renderer.core.layout import Role
from renderer.templating.declaration import Declaration, declaration
from renderer.templating.engine import SUFFIX, Engine

FILE = "pack.yaml"
PACKAGE = "renderer_templates"
"""Where the wheel keeps the built-in packs."""
_VERSION = re.compile(r"([0-9]+)(\.[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack, read and compiled. Nothing of it is read again later."""

    directory: Path
    declared: Declaration
    digest: str
    """16 hex digits over the path and content of every file."""
    scripts: Mapping[str, str]
    """File name → text of everything in `scripts/`."""
    configurations: tuple[str, ...]
    """File names of the templates in `conf/`, without `.j2`."""
    engine: Engine = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The engine that it serves."""
        return self.declared.engine

    def image(self, version: str) -> str:
        """The image for `spec.version`: a major alone means the minor that the pack names."""
        return self.declared.image.replace("{version}", self.minor(version))

    def minor(self, version: str) -> str:
        """The version with its minor: a major alone means the newest that the pack knows."""
        return version if "." in version else self.declared.versions[self.major(version)]

    def major(self, version: str) -> str:
        """The major of `spec.version`. Raises `InvalidError` when the pack doesn't serve it."""
        found = _VERSION.fullmatch(version)
        if found is None or found[1] not in self.declared.versions:
            problem = f"is not a version that the template pack {self.name} serves"
            raise invalid(
                problem,
                field="spec.version",
                value=version,
                remedy=f"use one of {', '.join(self.declared.versions)}, or a minor of these",
            )
        return found[1]


def find(engine: str, templates: Path | None = None) -> Path:
    """The folder of the pack for `engine`, among `templates` or else the built-in packs.

    `templates` may be a pack itself. Raises `InvalidError` naming the packs that there are.
    """
    name = layout.component(engine, field="spec.engine")
    roots = [templates] if templates else _built_in()
    for root in roots:
        if (root / name / FILE).is_file():
            return root / name
        if (root / FILE).is_file() and _engine_of(root) == name:
            return root
    found = sorted({path.parent.name for root in roots for path in root.glob(f"*/{FILE}")})
    there = f"there are {', '.join(found)}" if found else "there are none"
    raise invalid(
        "has no template pack" + (f" in {templates}" if templates else ""),
        field="spec.engine",
        value=engine,
        remedy=f"{there}; name one of your own with --templates",
    )


def folders(templates: Path | None = None) -> list[Path]:
    """The folder of each pack among `templates` (a folder of packs, or one), or built in."""
    roots = [templates] if templates else _built_in()
    files = [file for root in roots for file in (root / FILE, *sorted(root.glob(f"*/{FILE}")))]
    return [file.parent for file in files if file.is_file()]


def _engine_of(directory: Path) -> str:
    return declaration(_read(directory / FILE, FILE), source=f"{directory.name}/{FILE}").engine


def _built_in() -> list[Path]:
    """The folder of a checkout, or else that of the installed wheel."""
    checkout = Path(renderer.__file__).parent.parent / "templates"
    if any(checkout.glob(f"*/{FILE}")):
        return [checkout]
    spec = find_spec(PACKAGE)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def load(directory: Path) -> Pack:
    """Read, check and compile a pack. Raises `InvalidError` naming the file and the fault."""
    if not (directory / FILE).is_file():
        problem = f"is not a template pack: it has no {FILE}"
        raise invalid(
            problem,
            field=str(directory),
            remedy="give the folder that holds pack.yaml",
        )
    contents = _contents(directory)
    declared = declaration(contents[FILE], source=f"{directory.name}/{FILE}")
    _check_templates(declared, contents, directory.name)
    return Pack(
        directory=directory,
        declared=declared,
        digest=_digest(contents),
        scripts=_below("scripts/", contents, directory.name),
        configurations=tuple(
            name.removesuffix(SUFFIX)
            for name in _below("conf/", contents, directory.name)
            if name.endswith(SUFFIX)
        ),
        engine=Engine(directory.name, directory),
    )


def _contents(directory: Path) -> dict[str, bytes]:
    """Every file but hidden ones, by its path in the pack."""
    found: dict[str, bytes] = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            problem = "is a symbolic link"
            raise invalid(
                problem,
                field=f"{directory.name}/{name}",
                remedy="put the file itself into the pack",
            )
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_file() and not hidden:
            found[name] = _read(path, name)
    return found


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = f"can't be read: {error.strerror}"
        raise invalid(problem, field=name, remedy="allow reading it") from error


def _digest(contents: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in sorted(contents.items()):
        total.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()[:16]


def _below(folder: str, contents: Mapping[str, bytes], pack: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, content in contents.items():
        if name.startswith(folder):
            try:
                found[name.removeprefix(folder)] = content.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"{pack}/{name}"
                problem = "isn't UTF-8"
                raise invalid(problem, field=where, remedy="save it as UTF-8") from error
    return found


def template(role: Role) -> str:
    """The file name of a role's template."""
    return f"{role.value}.yaml{SUFFIX}"


def _check_templates(declared: Declaration, contents: Mapping[str, bytes], pack: str) -> None:
    """Each declared role has its template, and each template is declared."""
    wanted = {template(role): role for role in declared.roles}
    there = {name for name in contents if "/" not in name and name.endswith(f".yaml{SUFFIX}")}
    for name in sorted(set(wanted) - there):
        problem = f"has the role {wanted[name].value} but no {name}"
        raise invalid(
            problem,
            field=f"{pack}/{FILE}: roles",
            remedy="add the template, or remove the role",
        )
    for name in sorted(there - set(wanted)):
        problem = "is the template of no role that pack.yaml declares"
        raise invalid(
            problem,
            field=f"{pack}/{name}",
            remedy="add the role to pack.yaml, or rename or remove the file",
        )
