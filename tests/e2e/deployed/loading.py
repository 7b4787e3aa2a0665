"""The images that the node needs, since it can't pull any."""

from __future__ import annotations

from e2e.images.assemble import assemble
from e2e.images.recipe import POSTGRES, RENDERER_TAGS
from e2e.node import Node

POSTGRES_IMAGES = tuple(f"docker.io/library/postgres:{one.version}" for one in POSTGRES)


def load(node: Node) -> None:
    """Assemble what isn't there yet, and import our image and the servers' images."""
    archives = assemble("renderer", *(f"postgres-{one.version}" for one in POSTGRES))
    for tag in (*RENDERER_TAGS, *POSTGRES_IMAGES):
        node.load(archives[tag])
