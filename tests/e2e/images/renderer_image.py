"""Our own image, by the steps that the Dockerfile has."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from e2e.images.recipe import RENDERER, RENDERER_TAGS, TARGET
from e2e.images.roots import Root, add_user, compile_python, root_layer, run
from e2e.images.settings import config
from e2e.images.store import Layer, Store
from e2e.images.wheels import TOP, install, install_wheel

_SOURCES = ("renderer", "templates", "deploy")
_FILES = ("pyproject.toml", "README.md", "LICENSE")


def image(store: Store) -> tuple[Layer, ...]:
    """Write the image; returns its layers: Debian, the lock's part, the project."""
    root = Root(packages=RENDERER.packages, python=RENDERER.python)
    base = root_layer(store, "renderer", root)
    needs = _dependencies(store, base)
    project = _project(store, base)
    layers = (base, needs, project)
    store.image(RENDERER_TAGS, layers, config(RENDERER.settings))
    return layers


def _dependencies(store: Store, base: Layer) -> Layer:
    script = TOP / "tools/locked-requirements.py"
    locked = subprocess.run(
        [sys.executable, script], check=True, capture_output=True, text=True
    ).stdout

    def make(folder: Path) -> None:
        add_user(base, RENDERER.user, folder)
        target = _target(folder)
        install(locked, target)
        for name in ("bin", *RENDERER.unused):
            shutil.rmtree(target / name)
        _compile(store, base, folder)

    inputs = [base.digest, locked, asdict(RENDERER.user), RENDERER.unused]
    return store.layer("renderer-needs", inputs, make)


def _project(store: Store, base: Layer) -> Layer:
    def make(folder: Path) -> None:
        built = store.fresh("wheel")
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built], cwd=TOP)
        target = _target(folder)
        install_wheel(next(built.glob("*.whl")), target)
        for program in (target / "bin").iterdir():
            lines = program.read_text("utf-8").splitlines(keepends=True)
            program.write_text("".join(["#!/usr/bin/python3\n", *lines[1:]]), "utf-8")
        _compile(store, base, folder)
        shutil.rmtree(built)

    return store.layer("renderer", [base.digest, _source_digest()], make)


def _target(folder: Path) -> Path:
    target = folder / TARGET.lstrip("/")
    target.mkdir(parents=True)
    return target


def _compile(store: Store, base: Layer, folder: Path) -> None:
    """Compile with the image's own Python, in a root that is thrown away."""
    root = store.fresh("compiling")
    run(["tar", "-C", root, "-xf", base.path])
    inside = root / TARGET.lstrip("/")
    inside.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(_here(folder), inside)
    compile_python(root, RENDERER.python, TARGET)
    shutil.move(inside, _here(folder))
    shutil.rmtree(root)


def _here(folder: Path) -> Path:
    return folder / TARGET.lstrip("/")


def _source_digest() -> str:
    found = [TOP / name for name in _FILES]
    for name in _SOURCES:
        found += [path for path in (TOP / name).rglob("*") if path.is_file()]
    summed = hashlib.sha256()
    for path in sorted(path for path in found if "__pycache__" not in path.parts):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        summed.update(f"{path.relative_to(TOP)} {digest}\n".encode())
    return summed.hexdigest()
