"""One HTTP exchange with the API server: time-outs, keep-alive, errors translated.

kubernetes' own client supplies the connection pool, TLS and credentials (token
files and exec plug-ins that renew themselves); bodies stay plain dicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.utils.keepalive import tcp_keepalive_socket_options

from renderer import __version__
from renderer.cluster import failure
from renderer.core import clocks

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0

_BROKEN = (urllib3.exceptions.HTTPError, OSError, ApiException, ConfigException)
_ERRORS_FROM = 300


class Stream:
    """The lines of an answer that goes on: one JSON object a line, as they come."""

    def __init__(self, response: urllib3.BaseHTTPResponse, *, asked: str, server: str) -> None:
        """Wrap an answer whose headers have been read."""
        self._response = response
        self._asked = asked
        self._server = server

    def __enter__(self) -> Self:
        """Nothing to do: the connection is open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection: what is left of the answer is not wanted."""
        self._response.close()

    def __iter__(self) -> Iterator[dict[str, object]]:
        """Each object; ends when the server ends it. Raises `TransientError` when it breaks."""
        rest = b""
        try:
            for chunk in self._response.stream(None, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield orjson.loads(line)
        except (*_BROKEN, orjson.JSONDecodeError, ValueError) as error:
            raise failure.unreachable(error, asked=self._asked, server=self._server) from error

    def interrupt(self) -> None:
        """End the iteration from another thread, at once."""
        try:
            self._response.shutdown()
        except (ValueError, RuntimeError, OSError):
            return  # it has ended by itself


class Transport:
    """Exchanges with one API server; may be used from many threads."""

    def __init__(self, configuration: Configuration) -> None:
        """Open nothing yet; connections are made when they are needed."""
        configuration.socket_options = tcp_keepalive_socket_options()
        configuration.connection_pool_maxsize = 32  # a watch for each kind, and the workers
        self._configuration = configuration
        self._client = ApiClient(configuration)
        self.clock_ahead = timedelta()
        """How far our clock is ahead of the API server's, by its last answers."""
        # Without a name and password that stand in the URL: it is printed.
        parts = urlsplit(str(configuration.host))
        self.server = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")

    def close(self) -> None:
        """Close every idle connection."""
        self._client.close()  # type: ignore[no-untyped-call]  # untyped upstream

    def send(  # noqa: PLR0913 - what an HTTP exchange consists of
        self,
        method: str,
        path: str,
        *,
        asked: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        media: str = JSON,
        accept: str = JSON,
        seconds: float = READ_SECONDS,
    ) -> dict[str, object]:
        """Exchange one request for one JSON object. Raises what `failure` makes of a refusal.

        `asked` says in an error what was asked; `seconds` limits each read.
        """
        headers = {"Accept": accept, "Content-Type": media}
        content = None if body is None else orjson.dumps(body)
        response = self._open(method, path, query, headers, content, asked=asked, seconds=seconds)
        data = self._read(response, asked)
        if response.status >= _ERRORS_FROM:
            raise self._refusal(response, data, asked)
        try:
            answer = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise failure.unreachable(error, asked=asked, server=self.server) from error
        return answer if isinstance(answer, dict) else {}

    def pieces(
        self, path: str, *, asked: str, query: Mapping[str, str], seconds: float
    ) -> Iterator[bytes]:
        """The bytes of an answer, as they come; `seconds` is the longest silence."""
        response = self._open(
            "GET", path, query, {"Accept": "*/*"}, None, asked=asked, seconds=seconds
        )
        if response.status >= _ERRORS_FROM:
            raise self._refusal(response, self._read(response, asked), asked)
        try:
            yield from response.stream(None, decode_content=True)
        except _BROKEN as error:
            raise failure.unreachable(error, asked=asked, server=self.server) from error
        finally:
            response.close()

    def stream(
        self, path: str, *, asked: str, query: Mapping[str, str], accept: str, seconds: float
    ) -> Stream:
        """Open an answer that goes on; `seconds` is the longest silence."""
        headers = {"Accept": accept}
        response = self._open("GET", path, query, headers, None, asked=asked, seconds=seconds)
        if response.status >= _ERRORS_FROM:
            raise self._refusal(response, self._read(response, asked), asked)
        return Stream(response, asked=asked, server=self.server)

    def _open(  # noqa: PLR0913 - the same, once more
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: dict[str, str],
        content: bytes | None,
        *,
        asked: str,
        seconds: float,
    ) -> urllib3.BaseHTTPResponse:
        url = self.server + path + (f"?{urlencode(query)}" if query else "")
        headers["User-Agent"] = f"sampledb-renderer/{__version__}"
        try:
            token = self._configuration.auth_settings().get("BearerToken")
            if token and token["value"]:
                headers["Authorization"] = token["value"]
            sent = datetime.now(UTC)
            response = self._client.rest_client.pool_manager.request(
                method,
                url,
                body=content,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
                retries=False,
                preload_content=False,
            )
        except _BROKEN as error:
            raise failure.unreachable(error, asked=asked, server=self.server) from error
        date = response.headers.get("Date", "")
        ahead = clocks.ahead_of(date, sent, datetime.now(UTC))
        self.clock_ahead = clocks.steady(self.clock_ahead, ahead)
        return response

    def _read(self, response: urllib3.BaseHTTPResponse, asked: str) -> bytes:
        try:
            data = response.read(decode_content=True)
        except _BROKEN as error:
            response.close()
            raise failure.unreachable(error, asked=asked, server=self.server) from error
        response.release_conn()
        return data

    @staticmethod
    def _refusal(response: urllib3.BaseHTTPResponse, data: bytes, asked: str) -> Exception:
        wait = response.headers.get("Retry-After", "")
        return failure.from_body(response.status, data, asked=asked, retry_after=wait)
