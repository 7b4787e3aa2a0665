"""The file that tells kubectl and other clients how to reach the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "laptop"


def write(path: Path, url: str, token: str, namespace: str = "default") -> Path:
    """Write it (JSON is YAML too), readable for its owner only.

    client-go sends a user's token over TLS only; over plain HTTP it drops it without a
    word. So the token stands in the server's address too, as the password that Go sends.
    """
    server = url.replace("://", f"://{_NAME}:{token}@")
    context = {"cluster": _NAME, "user": _NAME, "namespace": namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": server}}],
        "users": [{"name": _NAME, "user": {"token": token}}],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }
    path.touch(mode=0o600)
    path.write_bytes(orjson.dumps(config, option=orjson.OPT_INDENT_2))
    return path
