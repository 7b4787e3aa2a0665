"""The HTTP server: loopback only, HTTP/1.1 with keep-alive, a thread a connection."""

from __future__ import annotations

import secrets
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Self

from renderer.local.api import kubeconfig
from renderer.local.api.access import ADMINISTRATORS, Authorizer, Everyone, User
from renderer.local.api.application import Application
from renderer.local.api.faults import Hangup
from renderer.local.api.request import Response
from renderer.local.api.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from renderer.local.api.application import Stream
    from renderer.local.api.faults import Faults
    from renderer.local.api.podlogs import Source

_HOST = "127.0.0.1"
_BOOKMARK_SECONDS = 1.0
_BACKLOG = 128


class Server:
    """A running API server on a port of its own; also a context manager.

    `token` is the administrator's; `tokens` are those of other users. After `stop`,
    `start` listens on the same port again with the same store.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        tokens: Mapping[str, User] | None = None,
        authorizer: Authorizer | None = None,
        bookmark_seconds: float = _BOOKMARK_SECONDS,
    ) -> None:
        """Without an `authorizer` every known user may do everything."""
        self._ending = Event()
        self.store = store if store is not None else Store()
        self.token = secrets.token_hex(16)
        administrator = User(name="administrator", groups=(ADMINISTRATORS,))
        self.tokens: dict[str, User] = {self.token: administrator, **(tokens or {})}
        self.application = Application(
            store=self.store,
            tokens=self.tokens,
            authorizer=authorizer if authorizer is not None else Everyone(),
            ending=self._ending.is_set,
            logs=self._log,
        )
        self.clock_ahead = 0.0
        """Seconds that the answers' `Date` is ahead of this machine's clock."""
        self.logs: Source = lambda _namespace, _pod, _container: ""
        """What a container has written; the node knows."""
        self.bookmark_seconds = bookmark_seconds
        self._http: _Http | None = None
        self._thread: Thread | None = None
        self._port = 0

    def _log(self, namespace: str, pod: str, container: str) -> str:
        return self.logs(namespace, pod, container)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; known after the first `start`."""
        return f"http://{_HOST}:{self._port}"

    @property
    def faults(self) -> Faults:
        """What to do wrong, for tests."""
        return self.application.faults

    def start(self) -> Self:
        """Listen; the second time on the port of the first."""
        self._ending.clear()
        self._http = _Http((_HOST, self._port), self)
        self._port = self._http.server_address[1]
        self._thread = Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Refuse connections and cut those that are open; the store stays."""
        if self._http is None or self._thread is None:
            return
        self._http.shutdown()
        self._http.server_close()
        self._http.cut()  # before a watch can notice, and end as if its time were up
        self._ending.set()
        self.store.end_watches()
        self._thread.join()
        self._http = self._thread = None

    def restart(self) -> None:
        """Stop and start: every connection and watch is cut."""
        self.stop()
        self.start()

    def drop_watches(self) -> None:
        """End every watch as a time-out would."""
        self.store.end_watches()

    def cut_connections(self) -> None:
        """Cut every connection in the middle of whatever it does; new ones are served."""
        if self._http is not None:
            self._http.cut()

    def expire_history(self) -> None:
        """Answer 410 to every older resourceVersion and continue token."""
        self.store.compact()
        self.application.pages.expire()

    def add_user(self, name: str, *groups: str) -> str:
        """A new user's token."""
        token = secrets.token_hex(16)
        self.tokens[token] = User(name=name, groups=groups)
        return token

    def kubeconfig(self, path: Path, *, token: str = "", namespace: str = "default") -> Path:
        """Write a kubeconfig for this server (the administrator's, or of another token)."""
        return kubeconfig.write(path, self.url, token or self.token, namespace)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, address: tuple[str, int], server: Server) -> None:
        self.api = server
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the base class's signature
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401  # the base class's signature
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the base class's signature
        """Clients that go away in the middle are nothing to report."""

    def cut(self) -> None:
        """Close every open connection."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: _Http

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        try:
            answer = self.server.api.application.answer(self.command, self.path, headers, body)
        except Hangup:
            self.close_connection = True
            return
        if isinstance(answer, Response):
            self._send(answer)
        else:
            self._stream(answer)

    # The names that http.server looks for.
    do_GET = _serve  # noqa: N815  # as above
    do_POST = _serve  # noqa: N815  # as above
    do_PUT = _serve  # noqa: N815  # as above
    do_PATCH = _serve  # noqa: N815  # as above
    do_DELETE = _serve  # noqa: N815  # as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: the demo has its own output."""

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _begin(self, code: int) -> None:
        self.send_response_only(code)
        now = time.time() + self.server.api.clock_ahead
        self.send_header("Date", self.date_time_string(now))

    def _send(self, answer: Response) -> None:
        self._begin(answer.code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def _stream(self, lines: Stream) -> None:
        self._begin(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for line in lines(self.server.api.bookmark_seconds):
            if line:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            elif self._gone():
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _gone(self) -> bool:
        """Whether the client has closed its end."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
