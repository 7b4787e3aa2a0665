"""Loopback addresses: each Pod gets one of its own, and keeps it when it is made again.

Linux answers on all of 127.0.0.0/8 without any set-up. A run takes blocks of
253 addresses and holds a socket on each block, so that two runs on one machine
never share one.
"""

from __future__ import annotations

import errno
import secrets
import socket
import threading

from renderer.core.errors import invalid, transient

_MARKER_PORT = 54321
"""The port on a block's first address that says the block is taken."""
_TRIES = 50
_FIRST, _LAST = 2, 254


class Addresses:
    """The addresses of one run. Safe to share between threads."""

    def __init__(self, *, port: int = 5432) -> None:
        """Take the first block. `InvalidError` when `port` is taken on every address."""
        self._port = port
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], str] = {}
        self._held: list[socket.socket] = []
        try:
            self._block, self._next = self._take(), _FIRST
        except BaseException:
            self.close()
            raise

    def of(self, namespace: str, pod: str) -> str:
        """The address of a Pod, by its name: the same every time."""
        with self._lock:
            key = (namespace, pod)
            if key not in self._known:
                if self._next > _LAST:
                    self._block, self._next = self._take(), _FIRST
                self._known[key] = f"{self._block}.{self._next}"
                self._next += 1
            return self._known[key]

    def close(self) -> None:
        """Give the blocks back."""
        with self._lock:
            for held in self._held:
                held.close()
            self._held.clear()

    def _take(self) -> str:
        for _ in range(_TRIES):
            block = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}"
            held = _bound(f"{block}.1", _MARKER_PORT)
            if held is None:
                continue
            self._held.append(held)
            self._check_port(f"{block}.{_FIRST}")
            return block
        raise transient(
            "found no free block of loopback addresses",
            remedy="end other laptop clusters on this machine",
        )

    def _check_port(self, address: str) -> None:
        probe = _bound(address, self._port)
        if probe is not None:
            probe.close()
            return
        raise invalid(
            "this port is taken on every local address, most likely by a PostgreSQL "
            "that listens on all of them",
            field=f"{address}:{self._port}",
            remedy="stop it for the time of the demo, or set its listen_addresses to localhost",
        )


def _bound(address: str, port: int) -> socket.socket | None:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As PostgreSQL binds: connections that are still closing are no hindrance.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address, port))
        made.listen(1)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise invalid(
                "this system answers on 127.0.0.1 only; the laptop cluster gives every Pod "
                "a loopback address of its own",
                field=address,
                remedy="run it on Linux (a container or a virtual machine will do)",
            ) from error
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        return None
    return made
