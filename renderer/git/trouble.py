"""Tells why a network command failed, by what our own git, curl and ssh report in locale C.

What the server says (lines that begin with `remote:`) is shown, and never interpreted.
"""

from __future__ import annotations

import re
from enum import Enum

from renderer.core.errors import SampleDBError
from renderer.git.errors import (
    AuthenticationError,
    NotARepositoryError,
    UnreachableError,
    detail,
)
from renderer.git.launch import Finished
from renderer.git.remote import Remote, redact

_LONGEST = 600


class Trouble(Enum):
    """What stands between us and the repository."""

    AUTHENTICATION = "authentication"
    HOST_KEY = "host key"
    NOT_A_REPOSITORY = "not a repository"
    LATE = "late"
    UNREACHABLE = "unreachable"


_SIGNS = (
    (r"Host key verification failed", Trouble.HOST_KEY),
    (r"Authentication failed for|could not read (Username|Password)", Trouble.AUTHENTICATION),
    (r"requested URL returned error: (401|403)", Trouble.AUTHENTICATION),
    (r"Permission denied \(|no mutual signature|Load key ", Trouble.AUTHENTICATION),
    (r"^fatal: repository '.*' not found", Trouble.NOT_A_REPOSITORY),
    (r"requested URL returned error: 404", Trouble.NOT_A_REPOSITORY),
    (r"does not appear to be a git repository", Trouble.NOT_A_REPOSITORY),
    (r"not valid: is this a git repository", Trouble.NOT_A_REPOSITORY),
    (r"^fatal: '?.*'?: not a git repository|not a git repository:", Trouble.NOT_A_REPOSITORY),
)


def trouble(finished: Finished) -> Trouble:
    """Classify a network command that failed; what is not known counts as unreachable."""
    if finished.late:
        return Trouble.LATE
    ours = "\n".join(
        line for line in finished.err.splitlines() if not line.startswith(("remote:", "ERROR:"))
    )
    for sign, kind in _SIGNS:
        if re.search(sign, ours, re.MULTILINE):
            return kind
    return Trouble.UNREACHABLE


def error(remote: Remote, doing: str, finished: Finished) -> SampleDBError:
    """The error for a network command that failed while `doing` ("fetching", …)."""
    shown = str(remote)
    why = words(finished.err)
    match trouble(finished):
        case Trouble.AUTHENTICATION:
            problem = f"{doing} was refused: the credentials are missing, wrong or lack the right"
            remedy = "check the user, the token or the key, and that it may write to this branch"
            return AuthenticationError(detail(shown, f"{problem} ({why})", remedy))
        case Trouble.HOST_KEY:
            problem = f"{doing} was stopped: the server's host key isn't the one that is trusted"
            remedy = "compare the key with the one the host publishes, and update known_hosts"
            return AuthenticationError(detail(shown, f"{problem} ({why})", remedy))
        case Trouble.NOT_A_REPOSITORY:
            problem = f"{doing} failed: there is no Git repository at this address"
            remedy = "correct the address, create the repository, or give the account access to it"
            return NotARepositoryError(detail(shown, f"{problem} ({why})", remedy))
        case Trouble.LATE:
            problem = f"{doing} took more than {remote.limits.command:g} s and was stopped"
            remedy = "it will be tried again; check the server and the network"
            return UnreachableError(detail(shown, problem, remedy))
        case Trouble.UNREACHABLE:
            problem = f"{doing} failed ({why})"
            remedy = "it will be tried again; check the address, the server and the network"
            return UnreachableError(detail(shown, problem, remedy))


def words(text: str) -> str:
    """What git or the server said, on one line, without secrets, decoration or control codes."""
    lines = (
        re.sub(r"^(remote:|fatal:|error:)\s*|\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]", "", line)
        for line in redact(text).splitlines()
    )
    told = [line.strip() for line in lines if line.strip() and not _noise(line)]
    joined = "; ".join(dict.fromkeys(told)) or "git gave no reason"
    return joined if len(joined) <= _LONGEST else joined[:_LONGEST] + "…"


def remote_words(text: str) -> str:
    """Only what the server itself said (`remote: …` lines)."""
    return words("\n".join(line for line in text.splitlines() if line.startswith("remote:")))


def _noise(line: str) -> bool:
    return line.strip().startswith(
        (
            "To ",
            "Please make sure you have the correct access rights",
            "and the repository exists.",
            "warning: filtering not recognized",
            "hint:",
        )
    )
