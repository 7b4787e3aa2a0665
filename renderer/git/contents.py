"""Files' contents in a blob-less copy: what is missing is fetched, in bulk where it can be.

Whoever asks piece by piece (a record for each of 10,000 SampleDBs) would cost a request
to the server each; so after a few such requests the rest of the same kind comes at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from renderer.core import layout
from renderer.git.connection import Connection
from renderer.git.reader import Objects

_PIECES = 4
"""Requests for missing contents before the rest is fetched ahead."""

Listing = Callable[[], Mapping[str, Mapping[str, str]]]


class Contents:
    """Reads blobs. Safe to use from several threads: one fetches, the others wait for it."""

    def __init__(self, objects: Objects, connection: Connection, listing: Listing) -> None:
        """`listing` tells every SampleDB's files at the tip, when it comes to that."""
        self._objects = objects
        self._connection = connection
        self._listing = listing
        self._fetching = threading.Lock()
        self._requests = 0

    def read(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Contents by blob id.

        Raises:
            SampleDBError: the remote's, by what to do about it.
        """
        wanted = list(dict.fromkeys(ids))
        if self._objects.missing(wanted):
            with self._fetching:
                missing = self._objects.missing(wanted)
                if missing:
                    self._fetch(missing)
        return dict(self._objects.contents(wanted))

    def _fetch(self, missing: list[str]) -> None:
        self._requests += 1
        ahead: list[str] = []
        if self._requests > _PIECES:
            self._requests = 0
            ahead = self._objects.missing(self._alike(set(missing)))
        self._connection.fetch_blobs(list(dict.fromkeys([*missing, *ahead])))

    def _alike(self, missing: set[str]) -> set[str]:
        """Every record when only records are asked for, else every file."""
        files = [pair for listing in self._listing().values() for pair in listing.items()]
        asked = {name for name, blob in files if blob in missing}
        only_records = asked == {layout.RECORD_FILE}
        return {blob for name, blob in files if not only_records or name == layout.RECORD_FILE}
