"""What can go wrong between us and a Git repository, named by what to do about it."""

from __future__ import annotations

from pathlib import Path

from renderer.core.errors import Detail, InvalidError, TransientError


class AuthenticationError(InvalidError):
    """The server does not accept the credentials, or we don't accept its host key."""


class NotARepositoryError(InvalidError):
    """There is no Git repository at the address."""


class ProtectedError(InvalidError):
    """The server refused the push although the branch had not moved: a rule or a hook."""


class RewrittenError(InvalidError):
    """The branch's tip does not descend from the last one seen: history was rewritten."""


class OwnedByAnotherError(InvalidError):
    """Another controller owns this path of the repository."""


class RemovalError(InvalidError):
    """A publish would remove more than was agreed to."""


class UnreachableError(TransientError):
    """The server did not answer, or not in time."""


class MovedError(TransientError):
    """The branch moved each time that we tried to push."""


class CacheError(TransientError):
    """The local copy is damaged or in use; it's rebuilt by the next fetch."""


def detail(repository: str, problem: str, remedy: str) -> Detail:
    """One detail about `repository` (an address without credentials)."""
    return Detail(field=f"repository {repository}", problem=problem, remedy=remedy)


def damaged(repository: str, what: str) -> CacheError:
    """The local copy of `repository` can't be used any more, for the reason `what`."""
    problem = f"the local copy is damaged: {what}"
    return CacheError(detail(repository, problem, "it will be fetched again"))


def rewritten(repository: str, what: str, folder: Path) -> RewrittenError:
    """The branch is not what it was; `folder` is the copy that remembers it."""
    remedy = (
        "find out who did it and whether the branch is right as it is now; to go on "
        f"from there, stop what runs here, remove {folder} and start it again"
    )
    return RewrittenError(detail(repository, f"the history of {what}", remedy))
