"""S3 servers as processes of their own: rclone's, from its wheel, and versitygw, from its module.

Each serves a folder: a bucket is a folder in it, an object is a file in that.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEY_ID, KEY = "sampledb-tests", "a-secret-of-the-tests"
BUCKET = "backups"
_START_SECONDS = 30


@dataclass(slots=True, kw_only=True)
class S3Server:
    """A server over a folder."""

    folder: Path
    program: Path
    port: int
    host: str = "127.0.0.1"
    certificate: Path | None = None
    """A PEM file with key and certificate; without one, it speaks no TLS."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}"

    @property
    def bucket(self) -> Path:
        return self.folder / BUCKET

    def objects(self, below: str = "") -> list[str]:
        """The keys in the bucket that begin with `below`."""
        files = (path for path in self.bucket.rglob("*") if path.is_file())
        found = (path.relative_to(self.bucket).as_posix() for path in files)
        return sorted(key for key in found if key.startswith(below) and key[0] != ".")

    def flip_a_bit(self, key: str) -> None:
        """Flip one bit in the middle of an object."""
        path = self.bucket / key
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    def start(self) -> None:
        with (self.folder.parent / "s3.log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log, env=_ENV)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.folder.parent / "s3.log").read_text()
            assert time.monotonic() < deadline, "the S3 server does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def _command(self) -> list[str]:
        address = f"{self.host}:{self.port}"
        if self.program.name == "versitygw":
            return [str(self.program), "--port", address, "posix", str(self.folder)]
        secure = ["--cert", str(self.certificate), "--key", str(self.certificate)]
        secure = secure if self.certificate else []
        return [
            str(self.program), "serve", "s3", "--config", "",
            "--auth-key", f"{KEY_ID},{KEY}", "--addr", address,
            "--no-cleanup", *secure, str(self.folder),
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=5).close()
        except OSError:
            return False
        return True


_ENV = {"PATH": "/usr/bin:/bin", "ROOT_ACCESS_KEY": KEY_ID, "ROOT_SECRET_KEY": KEY}


def rclone() -> Path:
    return Path(sys.executable).parent / "rclone"


@contextmanager
def serve(
    parent: Path, program: Path, certificate: Path | None = None, host: str = "127.0.0.1"
) -> Iterator[S3Server]:
    """A server with one empty bucket, below `parent`."""
    folder = parent / "store"
    (folder / BUCKET).mkdir(parents=True)
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    server = S3Server(folder=folder, program=program, port=port, host=host, certificate=certificate)
    server.start()
    try:
        yield server
    finally:
        server.stop()
