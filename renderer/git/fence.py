"""The owner file: which controller may write below a path of the repository."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from renderer.git.errors import OwnedByAnotherError, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who writes: a cluster (the UID of its kube-system namespace) and a shard of it."""

    cluster: str
    shard: str = ""
    version: str = ""
    """Of the controller that wrote the file; not compared."""

    def document(self) -> bytes:
        """The owner file's content."""
        return (
            "# Only the controller named here writes below this directory.\n"
            f"cluster: {json.dumps(self.cluster)}\n"
            f"shard: {json.dumps(self.shard)}\n"
            f"version: {json.dumps(self.version)}\n"
        ).encode()

    def check(self, content: bytes, *, path: str, shown: str) -> None:
        """Compare with the owner file found at `path`.

        Raises:
            OwnedByAnotherError: it names somebody else, or can't be read.
        """
        remedy = (
            f"write to another path or branch; if that controller is gone for good, "
            f"remove {path} in a commit of your own"
        )
        found = _read(content)
        if found is None:
            problem = f"{path} can't be read, so that it's unknown who owns this path"
            raise OwnedByAnotherError(detail(shown, problem, remedy))
        if (found.cluster, found.shard) != (self.cluster, self.shard):
            problem = f"{path} says that this path belongs to {found}, and we are {self}"
            raise OwnedByAnotherError(detail(shown, problem, remedy))

    def __str__(self) -> str:
        """`cluster <uid>, shard <name>`."""
        shard = f", shard {self.shard!r}" if self.shard else ""
        return f"cluster {self.cluster!r}{shard}"


def _read(content: bytes) -> Owner | None:
    try:
        found = YAML(typ="safe", pure=True).load(content.decode())
    except (YAMLError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("cluster"), str):
        return None
    return Owner(
        cluster=found["cluster"],
        shard=str(found.get("shard") or ""),
        version=str(found.get("version") or ""),
    )
