"""The tip below one path, read in a few commands instead of several requests a SampleDB.

For whoever looks at thousands of SampleDBs in one go: what has nothing to change is most
of them, and then asking Git takes longer than everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from renderer.core import layout
from renderer.git.repository import Repository

ENOUGH = 50
"""SampleDBs from which on reading all at once is quicker than one by one."""


class Bulk:
    """One tip, as it stood when this was made: what is decided on it can be published later.

    Tree ids say what a decision was based on, so a tip that moved since is noticed then.
    """

    def __init__(self, repository: Repository, path: str) -> None:
        """Read what lies below `path`: the names and ids of everything, and every record.

        Raises `SampleDBError` as the repository does.
        """
        self._repository = repository
        self._found = repository.inventory(path)
        self._contents: dict[str, bytes] = {}
        self._keep(self._plain({layout.RECORD_FILE}, self._found.listings))

    def tree(self, directory: str) -> str | None:
        """The tree id of a directory; None when it isn't there."""
        return self._found.trees.get(directory)

    def listing(self, directory: str) -> Mapping[str, str]:
        """Name → object id of everything in a directory; empty when it isn't there."""
        return self._found.listings.get(directory, {})

    def read_many(self, blob_ids: Iterable[str]) -> Mapping[str, bytes]:
        """Contents by blob id; those that weren't read ahead are asked of the repository."""
        wanted = list(blob_ids)
        here = {name: self._contents[name] for name in wanted if name in self._contents}
        rest = [name for name in wanted if name not in here]
        return {**here, **self._repository.read_many(rest)} if rest else here

    def read(self, path: str) -> bytes | None:
        """A file's content; its whole directory is read with it, as the next will be asked for."""
        directory, _, name = path.rpartition("/")
        blob = self.listing(directory).get(name)
        if blob is None or not self._is_plain(path):
            return None
        if blob not in self._contents:
            self._keep(self._plain(self.listing(directory), [directory]))
        return self._contents[blob]

    def _is_plain(self, path: str) -> bool:
        return path not in self._found.odd and path not in self._found.trees

    def _plain(self, names: Iterable[str], directories: Iterable[str]) -> Iterable[str]:
        """The ids of those plain files of `directories` that have one of `names`."""
        for directory in directories:
            listing = self.listing(directory)
            for name in names:
                if name in listing and self._is_plain(layout.join(directory, name)):
                    yield listing[name]

    def _keep(self, blobs: Iterable[str]) -> None:
        self._contents.update(self._repository.read_many(blobs))
