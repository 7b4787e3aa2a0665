"""`python tests/e2e/images [NAME...]`: assemble; `… --dockerfile`: print the Dockerfile."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from e2e.images.assemble import assemble  # noqa: E402 - the path is set first
from e2e.images.dockerfile import dockerfile  # noqa: E402 - the same

if sys.argv[1:] == ["--dockerfile"]:
    sys.stdout.write(dockerfile())
else:
    for tag, archive in assemble(*sys.argv[1:]).items():
        sys.stdout.write(f"{tag}\t{archive}\n")
