"""A store that refuses a signature because of its time: told in one sentence, with figures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from renderer.core.buckets import Place
from renderer.core.errors import InvalidError
from renderer.objectstore.store import Access, Store

_REFUSAL = (
    b"<?xml version='1.0'?><Error><Code>RequestTimeTooSkewed</Code><Message>The difference "
    b"between the request time and the current time is too large.</Message></Error>"
)
"""As Amazon's S3 words it."""


@contextmanager
def store_at(ahead: timedelta) -> Iterator[Store]:
    """A store whose clock is so far ahead that it refuses every signature."""

    class Refuses(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response_only(403)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Length", str(len(_REFUSAL)))
            self.end_headers()
            self.wfile.write(_REFUSAL)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        access = Access(endpoint=endpoint, region="", key_id="id", key="key", secret="store")
        try:
            yield Store(Place(bucket="backups", prefix="x"), access)
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (timedelta(hours=3), r"set the node's clock \(NTP\), which is (3:00:0|2:59:5)\d behind"),
        (timedelta(hours=-3), r"set the node's clock \(NTP\), which is (3:00:0|2:59:5)\d ahead of"),
        (timedelta(), r"set the node's clock \(NTP\), and ask again"),
    ],
)
def test_a_signature_of_another_time_is_told_with_how_far_the_clocks_are_apart(
    tmp_path: Path, ahead: timedelta, told: str
) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    with (
        store_at(ahead) as store,
        pytest.raises(InvalidError, match=f"answers RequestTimeTooSkewed: .*{told}"),
    ):
        store.write("one", file)
