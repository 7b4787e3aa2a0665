"""What the built-in pack mounts into the server's and the Jobs' containers of a SampleDB."""

from __future__ import annotations

from functools import cache
from typing import Any

from renderer import templating
from renderer.core import resource
from renderer.core.configuration import Configuration
from renderer.core.layout import Role
from renderer.templating.render import Rendered


@cache
def built_in() -> templating.Pack:
    """The pack, loaded once."""
    return templating.load(templating.find("postgresql"))


def mounted(
    version: str, spec: dict[str, Any], started: Configuration | None
) -> tuple[Configuration, tuple[Rendered, ...]]:
    """The ConfigMaps of the server and the Jobs, and what the Pod was made for."""
    pack = built_in()
    small = {"shared_buffers": "16MB", "max_connections": "20", "fsync": "off"}
    db = resource.parse(
        {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"name": "orders", "namespace": "team-a"},
            "spec": {
                "engine": "postgresql",
                "version": version,
                "storage": {"size": "1Gi"},
                **spec,
                "parameters": {**small, **spec.get("parameters", {})},
            },
        }
    )
    wanted = templating.desired(db, pack)
    started = started or wanted.configuration
    roles = frozenset({Role.CONFIG, Role.SCRIPTS})
    return started, templating.render(
        pack, wanted, roles=roles, replicas=1, protect=True, started=started
    )
