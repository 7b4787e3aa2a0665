"""The image of the Pods' sandbox, which is a busybox too: one static program."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

from e2e.images.recipe import PATH, SANDBOX_COMMAND, SANDBOX_PACKAGES, SANDBOX_TAGS, Settings
from e2e.images.roots import Root, bootstrap
from e2e.images.settings import config
from e2e.images.store import Layer, Store


def image(store: Store) -> tuple[Layer, ...]:
    """Write the image; returns its layer."""
    root = Root(packages=SANDBOX_PACKAGES, variant="extract")

    def make(folder: Path) -> None:
        extracted = store.fresh("busybox")
        bootstrap(root, extracted)
        programs = folder / "bin"
        programs.mkdir()
        shutil.copy2(extracted / "bin/busybox", programs / "busybox")
        shutil.rmtree(extracted)
        listed = subprocess.run(
            [programs / "busybox", "--list"], check=True, capture_output=True, text=True
        )
        for name in listed.stdout.split():
            if name != "busybox":
                (programs / name).symlink_to("busybox")
        for directory in ("dev", "etc", "proc", "sys", "tmp"):
            (folder / directory).mkdir()
        (folder / "tmp").chmod(0o1777)
        (folder / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
        (folder / "etc/group").write_text("root:x:0:\n")

    layers = (store.layer("sandbox", asdict(root), make),)
    settings = Settings(env={"PATH": PATH}, entrypoint=SANDBOX_COMMAND)
    store.image(SANDBOX_TAGS, layers, config(settings))
    return layers
