"""The exit codes. They are part of the interface: docs/cli.md lists the same table."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a caller can rely on."""

    OK = 0
    """Done, and nothing to report."""
    FOUND = 1
    """`diff`: different. `check`, `doctor`: something is wrong. `status`: not ready.
    `--wait`: failed."""
    INVALID = 2
    """Wrong usage, or input that is wrong: fix it and run again."""
    TRANSIENT = 3
    """The repository or the cluster can't be reached: run again later."""
    REFUSED = 4
    """The repository or the cluster refused, or a person has to allow it first."""
    BUG = 70
    """A fault in sampledb itself (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C (128 + SIGINT)."""
    PIPE_CLOSED = 141
    """The reader of the output went away (128 + SIGPIPE)."""


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done; nothing to report",
    Exit.FOUND: "diff: different; check, doctor: something is wrong; status: not ready; "
    "--wait: failed",
    Exit.INVALID: "wrong usage or wrong input",
    Exit.TRANSIENT: "repository or cluster unreachable: run it again later",
    Exit.REFUSED: "the repository or the cluster refused, or a person must allow it",
    Exit.BUG: "a fault in sampledb itself",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
    Exit.PIPE_CLOSED: "the reader of the output went away",
}
