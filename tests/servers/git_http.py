"""A Git server over HTTP in this process: `git http-backend`, with faults to order."""

from __future__ import annotations

import base64
import gzip
import ipaddress
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(slots=True, kw_only=True)
class Faults:
    """What the server does wrong; change it while the server runs."""

    status: int = 0
    """Answer every request with this status."""
    push_status: int = 0
    """Answer only what belongs to a push with this status."""
    drop: bool = False
    """Close the connection without an answer."""
    drop_after_push: bool = False
    """Carry a push out, and close the connection without saying so."""
    hang: threading.Event | None = None
    """Keep every request waiting until this is set."""
    slow: float = 0.0
    """Seconds that every request waits."""
    words: str = "no"
    """Body of an error answer."""


@dataclass(slots=True, kw_only=True)
class GitServer:
    """A running server of the bare repositories below `root`."""

    root: Path
    url: str
    users: dict[str, str] = field(default_factory=dict)
    """User to password or token; empty lets everybody in."""
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)
    """`METHOD path?query` of every request, in order."""

    def address(self, name: str) -> str:
        """The address of the repository `name` (a directory below the root)."""
        return f"{self.url}/{name}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    git: GitServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away: some tests kill them."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def git(self) -> GitServer:
        return cast("_Server", self.server).git

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Keep quiet."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self, body: bytes) -> None:
        self.git.requests.append(f"{self.command} {self.path}")
        faults = self.git.faults
        push = "git-receive-pack" in self.path
        time.sleep(faults.slow)
        if faults.hang:
            faults.hang.wait()
        if faults.drop:
            self._drop()
        elif faults.status or (push and faults.push_status):
            self._answer(faults.status or faults.push_status, [], faults.words.encode())
        elif not self._allowed():
            self._answer(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you?")
        else:
            status, headers, answer = self._backend(body)
            if push and self.command == "POST" and faults.drop_after_push:
                self._drop()
            else:
                self._answer(status, headers, answer)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _allowed(self) -> bool:
        if not self.git.users:
            return True
        kind, _, code = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return False
        user, _, password = base64.b64decode(code).decode().partition(":")
        return self.git.users.get(user) == password

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _backend(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = urlsplit(self.path)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.git.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "somebody",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=env, capture_output=True, check=False
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = [
            (name, value.strip())
            for name, _, value in (line.partition(":") for line in head.decode().split("\r\n"))
            if name
        ]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        return status, [pair for pair in fields if pair[0] != "Status"], answer


@contextmanager
def git_http(
    root: Path,
    users: dict[str, str] | None = None,
    tls: Path | None = None,
    *,
    host: str = "127.0.0.1",
) -> Iterator[GitServer]:
    """Serve the bare repositories below `root` on a free port of `host`.

    `tls` is a PEM file with a key and a certificate (see `self_signed`).
    """
    server = _Server((host, 0), _Handler)
    scheme = "http"
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        scheme = "https"
    url = f"{scheme}://{host}:{server.server_port}"
    server.git = GitServer(root=root, url=url, users=users or {})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.git
    finally:
        if server.git.faults.hang:
            server.git.faults.hang.set()
        server.shutdown()
        thread.join()
        server.server_close()


def self_signed(folder: Path, host: str = "127.0.0.1", ahead: timedelta = timedelta()) -> Path:
    """A PEM file with a fresh key and a certificate for an address, its own authority.

    It is made by a clock that is so far ahead; valid from an hour ago, for a day.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "git server of a test")])
    now = datetime.now(UTC) + ahead
    address = x509.IPAddress(ipaddress.ip_address(host))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
