"""An API server that is as small and as ill-behaved as a test wants it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from renderer.cluster import kinds
from renderer.cluster.client import Cluster
from renderer.cluster.kinds import Resource
from renderer.core.crd import definition
from renderer.local.api.access import RoleBased, User
from renderer.local.api.server import Server
from renderer.local.api.store import Store

Object = dict[str, Any]
ROOT = Path(__file__).parents[2]
CRDS = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
)
ACCOUNT = "system:serviceaccount:sampledb-system:sampledb-renderer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    code: int = 200
    body: object = None
    events: tuple[object, ...] = ()
    """The lines of a watch; a float is a pause in seconds."""
    hang: float = 0.0
    """Seconds before the answer begins."""
    cut: bool = False
    """Reset the connection instead of ending the answer."""
    headers: dict[str, str] = field(default_factory=dict)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class ScriptedServer(ThreadingHTTPServer):
    """Answers what `script` says, and remembers what it was asked."""

    daemon_threads = True
    scheme = "http"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.clusters: list[Cluster] = []
        self.script: Callable[[Request], Answer] = lambda _: Answer(code=404, body={})
        self.ending = threading.Event()
        self.ahead = 0.0
        """Seconds that its clock is ahead of ours."""

    def encrypt(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def cluster(self) -> Cluster:
        found = Cluster.at(self.url, token="t0ken")
        self.clusters.append(found)
        return found

    def asked(self, method: str = "", *, watch: bool | None = None) -> list[Request]:
        return [
            each
            for each in list(self.requests)
            if (not method or each.method == method) and (watch is None or each.is_watch == watch)
        ]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.server.ahead)

    def do_any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        request = Request(
            method=self.command,
            path=parts.path,
            query={key: values[0] for key, values in parse_qs(parts.query).items()},
            headers=dict(self.headers),
            body=json.loads(content) if content else None,
        )
        self.server.requests.append(request)
        answer = self.server.script(request)
        self.server.ending.wait(answer.hang)
        with suppress(OSError):
            self._answer(request, answer)

    def _answer(self, request: Request, answer: Answer) -> None:
        if answer.cut and not answer.events:
            self._reset()
            return
        self.send_response(answer.code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if request.is_watch and answer.code == 200:
            self._stream(answer)
            return
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: Answer) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in answer.events:
            if isinstance(event, float):
                self.wfile.flush()
                self.server.ending.wait(event)
                continue
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        if answer.cut:
            self._reset()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


for method in METHODS:
    setattr(_Handler, f"do_{method}", _Handler.do_any)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    found = ScriptedServer()
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.ending.set()
    for cluster in found.clusters:
        cluster.close()
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until something is true, at most ten seconds."""

    def wait(holds: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not become true in time"
            time.sleep(0.005)

    return wait


@pytest.fixture
def pod() -> Callable[..., Object]:
    """Build a Pod of the SampleDB team-a/orders."""

    def build(name: str, version: int, **labels: str) -> Object:
        return {
            "metadata": {
                "namespace": "team-a",
                "name": name,
                "resourceVersion": str(version),
                "labels": labels or {"sampledb.dev/name": "orders"},
            }
        }

    return build


@pytest.fixture
def answer() -> type[Answer]:
    """The answer of a scripted server."""
    return Answer


def rbac_resource(document: Object) -> Resource:
    kind = document["kind"]
    return Resource(
        group="rbac.authorization.k8s.io",
        version="v1",
        plural=kind.lower() + "s",
        kind=kind,
        namespaced=not kind.startswith("Cluster"),
    )


@pytest.fixture
def laptop() -> Iterator[Server]:
    store = Store()
    tokens = {"controller": User(name=ACCOUNT)}
    api = Server(store, tokens=tokens, authorizer=RoleBased(store), bookmark_seconds=0.2)
    with api:
        admin = Cluster.at(api.url, token=api.token)
        for name in ("team-a", "sampledb-system", "kube-system"):
            if name not in {each["metadata"]["name"] for each in admin.list(kinds.NAMESPACES)[0]}:
                admin.create(kinds.NAMESPACES, {"metadata": {"name": name}})
        admin.create(CRDS, definition())
        for document in yaml.safe_load_all((ROOT / "deploy/rbac.yaml").read_text()):
            if document["kind"] != "ServiceAccount":
                admin.create(rbac_resource(document), document)
        yield api


@pytest.fixture
def admin(laptop: Server) -> Iterator[Cluster]:
    with closing(Cluster.at(laptop.url, token=laptop.token)) as cluster:
        yield cluster


@pytest.fixture
def controller(laptop: Server) -> Iterator[Cluster]:
    with closing(Cluster.at(laptop.url, token="controller")) as cluster:
        yield cluster
