r"""Git's names for contents, computed without Git.

Source: gitrepository-layout and gitglossary; an id is the digest of
`<type> <size>\0<content>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def blob_id(content: bytes, algorithm: str = "sha1") -> str:
    """Return the id of a file's content; `algorithm` is the repository's: sha1 or sha256."""
    return _object_id(b"blob", content, algorithm).hexdigest()


def tree_id(files: Mapping[str, bytes], algorithm: str = "sha1") -> str:
    """Return the id of a flat directory of plain files (mode 100644)."""
    lines = (
        b"100644 " + name + b"\0" + _object_id(b"blob", content, algorithm).digest()
        for name, content in sorted((name.encode(), content) for name, content in files.items())
    )
    return _object_id(b"tree", b"".join(lines), algorithm).hexdigest()


def _object_id(kind: bytes, content: bytes, algorithm: str) -> hashlib._Hash:
    header = b"%s %d\0" % (kind, len(content))
    return hashlib.new(algorithm, header + content, usedforsecurity=False)
