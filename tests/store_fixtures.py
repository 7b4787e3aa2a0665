"""Fixtures: an S3 server with an empty bucket, and a backup to put into it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from servers.s3 import BUCKET, KEY, KEY_ID, S3Server, rclone, serve

from renderer.core.buckets import Place
from renderer.objectstore.store import Access, Store

ID = "20261124T030000Z-1a2b3c"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server that a wheel carries; tests/e2e has another one."""
    with serve(tmp_path_factory.mktemp("s3"), rclone()) as running:
        yield running


@pytest.fixture
def store(server: S3Server, request: pytest.FixtureRequest) -> Store:
    """A place that no other test has."""
    own = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
    return Store(Place(bucket=BUCKET, prefix=f"{own}/team-a/orders"), access(server))


def access(server: S3Server, key_id: str = KEY_ID, key: str = KEY, endpoint: str = "") -> Access:
    return Access(
        endpoint=endpoint or server.endpoint,
        region="",
        key_id=key_id,
        key=key,
        secret="store",
        attempts=2,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the backup container leaves: one backup, with files, depth and an empty folder."""
    return made(tmp_path / "scratch", ID)


def made(folder: Path, name: str, reason: str = "Scheduled") -> Path:
    backup = folder / name
    (backup / "data" / "pg_notify").mkdir(parents=True)
    (backup / "data" / "base" / "1").mkdir(parents=True)
    (backup / "data" / "base" / "1" / "1259").write_bytes(bytes(range(256)) * 100)
    (backup / "data" / "empty").touch()
    (backup / "16384.dump").write_bytes(b"a dump")
    (backup / "SHA256SUMS").write_text("sums\n")
    manifest = {
        "id": name, "reason": reason, "version": "18.4", "method": "Logical", "size": 25606,
        "sha256": "ab" * 32, "lsn": "0/1", "database": "app", "databases": [],
    }  # fmt: skip
    (backup / "manifest.json").write_bytes(orjson.dumps(manifest))
    return folder
