"""Another version of the server."""

from __future__ import annotations

from renderer.core.operations import evidence, results, roles
from renderer.core.operations.step import Operation, Step, running
from renderer.core.plan import Phase


def _tag(image: str) -> str:
    """The tag of an image, which people know a version by; the whole name when it has none."""
    name = image.partition("@")[0]
    _, colon, tag = name.rpartition(":")
    return tag if colon and "/" not in tag else name


MINOR_UPGRADE = Operation(
    type="MinorUpgrade",
    title="upgrade",
    about=lambda record, desired: f"{_tag(record.image)} → {_tag(desired.image)}",
    steps=(
        Step(
            name="Backup",
            phase=Phase.UPGRADING,
            title="take a backup first",
            awaits="the backup has been read back (id, size, sha256)",
            roles=roles.backing_up,
            proof=results.backed_up_now,
            learn=results.safe,
            release=running,
            needed=results.lacks_fresh_backup,
        ),
        Step(
            name="Roll",
            phase=Phase.UPGRADING,
            title="start the new server",
            awaits="a Pod of the new image is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
        ),
        Step(
            name="Verify",
            phase=Phase.UPGRADING,
            title="ask the server for its version",
            awaits="the server says that it has the version that is wanted",
            roles=roles.verifying,
            proof=results.version_runs,
            learn=results.told,
        ),
    ),
    done="the new version is in force",
)
"""Another image of the same major: its server reads the data as they are."""
