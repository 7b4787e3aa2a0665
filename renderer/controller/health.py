"""`/healthz`, `/readyz` and `/metrics` over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from renderer.controller.metrics import CONTENT_TYPE
from renderer.core.errors import invalid

Check = Callable[[], str]
"""Returns "" when all is well, else what isn't."""


class HealthServer:
    """Serves the three paths until stopped.

    Args:
        address: `host:port`, or `:port` for every address; port 0 takes a free one.
        checks: by path, each called on every request.
        metrics: gives the exposition text.
    """

    def __init__(
        self, address: str, checks: dict[str, Check], metrics: Callable[[], bytes]
    ) -> None:
        """Bind; raises `InvalidError` when the address can't be taken."""
        host, _, port = address.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host, int(port)), _handler(checks, metrics))
        except (OSError, ValueError) as error:
            raise invalid(
                "can't listen there: " + str(error),
                field="metrics-address",
                value=address,
                remedy="give host:port of a free port, for example :8080",
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _handler(
    checks: dict[str, Check], metrics: Callable[[], bytes]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, metrics(), CONTENT_TYPE)
            elif self.path in checks:
                wrong = checks[self.path]()
                status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
                self._answer(status, (wrong or "ok").encode() + b"\n", "text/plain")
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain")

        def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: probes come every few seconds."""

    return Handler
