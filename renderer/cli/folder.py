"""A plain folder, read as if it were a branch's tip: for `--folder`, and for `check`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderer.core.errors import invalid
from renderer.core.objects import blob_id, tree_id


class Empty:
    """A branch on which there is nothing yet."""

    def tree(self, directory: str) -> str | None:  # noqa: ARG002 - the protocol's signature
        """Nothing is there."""
        return None

    def listing(self, directory: str) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's signature
        """Nothing is there."""
        return {}

    def read_many(self, blob_ids: list[str]) -> Mapping[str, bytes]:  # noqa: ARG002 - the protocol's signature
        """Nothing is there."""
        return {}

    def read(self, path: str) -> bytes | None:  # noqa: ARG002 - the protocol's signature
        """Nothing is there."""
        return None


class Folder:
    """A folder on disk. Links are not followed: what they point to is not part of it."""

    def __init__(self, root: Path) -> None:
        """Read below `root`, which stands for the repository's root."""
        self.root = root
        self._blobs: dict[str, bytes] = {}

    def tree(self, directory: str) -> str | None:
        """The id that Git would give it; None when it isn't there."""
        if not self._inside(directory).is_dir():
            return None
        return tree_id({name: self._blobs[blob] for name, blob in self.listing(directory).items()})

    def listing(self, directory: str) -> Mapping[str, str]:
        """File name → Git's id of its content."""
        folder = self._inside(directory)
        if not folder.is_dir():
            return {}
        return {
            item.name: self._keep(item.read_bytes())
            for item in sorted(folder.iterdir())
            if item.is_file() and not item.is_symlink()
        }

    def read_many(self, blob_ids: list[str]) -> Mapping[str, bytes]:
        """Git's id → content, of what was listed before."""
        return {name: self._blobs[name] for name in blob_ids}

    def read(self, path: str) -> bytes | None:
        """A file's content; None when it isn't there."""
        file = self._inside(path)
        return file.read_bytes() if file.is_file() else None

    def _inside(self, path: str) -> Path:
        """Refuse a path that a link leads out of the folder."""
        current = self.root
        for part in path.split("/"):
            current = current / part
            if current.is_symlink():
                raise invalid(
                    "a symbolic link may lead out of the repository and is not followed",
                    field=str(current),
                    remedy="replace it by a real folder",
                )
        return current

    def _keep(self, content: bytes) -> str:
        name = blob_id(content)
        self._blobs[name] = content
        return name
