"""An image of one static busybox: the Pods' pause container, and a shell for tests."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

from e2e.node_config import PAUSE
from e2e.supervisor import StartError

_PROGRAMS = ("sh", "cat", "echo", "ls", "nslookup", "nc", "sleep", "id", "touch", "wget", "env")


def write(path: Path) -> Path:
    """A docker-archive. Raises `StartError` when busybox-static isn't installed."""
    found = shutil.which("busybox")
    if found is None:
        raise StartError("not installed: busybox-static; `make e2e-packages` installs it")
    layer = _layer(Path(found).read_bytes())
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Env": ["PATH=/bin"],
                "User": "65535:65535",
                "Cmd": ["/bin/sleep", "2147483647"],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
        }
    ).encode()
    listed = [{"Config": f"{_digest(config)}.json", "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        _add(archive, f"{_digest(config)}.json", config)
        _add(archive, "layer.tar", layer)
        _add(archive, "manifest.json", json.dumps(listed).encode())
    return path


def _layer(busybox: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as layer:
        for name in ("bin", "tmp", "dev", "proc", "sys", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            layer.addfile(folder)
        _add(layer, "bin/busybox", busybox, mode=0o755)
        for name in _PROGRAMS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(link)
    return made.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
