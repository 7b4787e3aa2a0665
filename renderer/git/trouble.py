"""Tells why a network command failed, by what our own git, curl and ssh report in locale C.

What the server says (lines that begin with `remote:`) is shown, and never interpreted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_DECORATION = re.compile(
    r"^(remote:|fatal:|error:)\s*(unable to access '[^']*': )?"
    r"|\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]"
)
_NOISE = (
    "To ",
    "Could not read from remote repository",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
    "warning: filtering not recognized",
    "hint:",
    "To add an exception for this directory",
    "git config --global --add safe.directory",
    *("@", "IT IS POSSIBLE", "Someone could be", "It is also possible", "Please contact your"),
    *("Add correct host key", "Offending", "remove with:", "ssh-keygen -f", "Host key for"),
)
"""What says nothing more, or advises what must not be done."""


class Trouble(Enum):
    """What stands between us and the repository."""

    AUTHENTICATION = "authentication"
    HOST_KEY = "host key"
    CERTIFICATE = "certificate"
    OWNERSHIP = "ownership"
    NOT_A_REPOSITORY = "not a repository"
    LATE = "late"
    UNREACHABLE = "unreachable"


_SIGNS = (
    (r"Host key verification failed", Trouble.HOST_KEY),
    (r"SSL certificate problem|[Cc]ertificate verif|SSL: no alternative", Trouble.CERTIFICATE),
    (r"detected dubious ownership in repository", Trouble.OWNERSHIP),
    (r"Authentication failed for|could not read (Username|Password)", Trouble.AUTHENTICATION),
    (r"requested URL returned error: (401|403)", Trouble.AUTHENTICATION),
    (r"Permission denied \(|no mutual signature|Load key ", Trouble.AUTHENTICATION),
    (r"^fatal: repository '.*' not found", Trouble.NOT_A_REPOSITORY),
    (r"requested URL returned error: 404", Trouble.NOT_A_REPOSITORY),
    (r"does not appear to be a git repository", Trouble.NOT_A_REPOSITORY),
    (r"not valid: is this a git repository", Trouble.NOT_A_REPOSITORY),
    (r"^fatal: '?.*'?: not a git repository|not a git repository:", Trouble.NOT_A_REPOSITORY),
)


_SAID: Mapping[Trouble, tuple[type[SampleDBError], str, str]] = {
    Trouble.AUTHENTICATION: (
        AuthenticationError,
        "was refused: the credentials are missing, wrong or lack the right",
        "check the user, the token or the key, and that it may write to this branch",
    ),
    Trouble.HOST_KEY: (
        AuthenticationError,
        "was stopped: the server's host key isn't one that is trusted",
        "compare it with the key that the host publishes, and update the known_hosts file",
    ),
    Trouble.CERTIFICATE: (
        AuthenticationError,
        "was stopped: the server's certificate isn't trusted",
        "give its authority's file, renew it, or set this machine's clock: it is always checked",
    ),
    Trouble.OWNERSHIP: (
        AuthenticationError,
        "was stopped: the repository's directory belongs to another user",
        "run as the user who owns it, or change its owner",
    ),
    Trouble.NOT_A_REPOSITORY: (
        NotARepositoryError,
        "failed: there is no Git repository at this address",
        "correct the address, create the repository, or give the account access to it",
    ),
    Trouble.LATE: (
        UnreachableError,
        "took more than {limit:g} s and was stopped",
        "it will be tried again; check the server and the network",
    ),
    Trouble.UNREACHABLE: (
        UnreachableError,
        "failed",
        "it will be tried again; check the address, the server and the network",
    ),
}


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
    kind = trouble(finished)
    raised, problem, remedy = _SAID[kind]
    text = f"{doing} {problem.format(limit=finished.late)}"
    why = "" if kind is Trouble.LATE else f" ({words(finished.err)})"
    return raised(detail(str(remote), text + why, remedy))


def words(text: str) -> str:
    """What git or the server said, on one line, without secrets, decoration or control codes."""
    lines = (_DECORATION.sub("", line) for line in redact(text).splitlines())
    told = [line.strip() for line in lines if line.strip() and not _noise(line)]
    joined = "; ".join(dict.fromkeys(told)) or "no reason was given"
    return joined if len(joined) <= _LONGEST else joined[:_LONGEST] + "…"


def remote_words(text: str) -> str:
    """Only what the server itself said (`remote: …` lines); empty when it said nothing."""
    said = [line for line in text.splitlines() if line.startswith("remote:")]
    return words("\n".join(said)) if said else ""


def _noise(line: str) -> bool:
    return line.strip().startswith(_NOISE)
