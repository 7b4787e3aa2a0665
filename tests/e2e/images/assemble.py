"""Assembles the images into .cache/e2e/images, each only if something in it has changed."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from e2e.images import postgres, renderer_image, sandbox
from e2e.images.recipe import DEBIAN_POSTGRES, POSTGRES
from e2e.images.store import Layer, Store, opened, say
from e2e.images.wheels import TOP

CACHE = TOP / ".cache/e2e/images"
Maker = Callable[[Store], tuple[Layer, ...]]


def makers() -> Mapping[str, Maker]:
    """Each image's maker, by the name that the command line knows it by."""
    wheels: dict[str, Maker] = {
        f"postgres-{one.version}": partial(postgres.wheel_image, postgres=one) for one in POSTGRES
    }
    return {
        "sandbox": sandbox.image,
        "renderer": renderer_image.image,
        **wheels,
        f"postgres-{DEBIAN_POSTGRES}": postgres.debian_image,
    }


def assemble(*names: str, folder: Path = CACHE) -> Mapping[str, Path]:
    """Make the named images, or all; returns every archive that is there, by its tags."""
    started = time.monotonic()
    known = makers()
    unknown = sorted(set(names) - known.keys())
    if unknown:
        msg = f"no image named {', '.join(unknown)}: known are {', '.join(known)}"
        raise SystemExit(msg)
    with opened(folder) as store:
        used = {layer.path for name in names or known for layer in known[name](store)}
        if not names:
            store.forget_layers(frozenset(used))
        found = {tag: path for path in sorted(folder.glob("*.tar")) for tag in tags(path)}
    say(f"ready, {time.monotonic() - started:.1f} s")
    return found


def tags(archive: Path) -> tuple[str, ...]:
    """What an archive's images are called."""
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        return tuple(tag for image in json.load(manifest) for tag in image["RepoTags"])
