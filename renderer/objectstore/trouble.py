"""What a store, or the way to it, answers when it doesn't do what was asked, as our own errors.

`InvalidError`: trying again won't help before somebody changes something; `TransientError`: it
may. The store's own words come first, the way out follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from s3transfer.exceptions import RetriesExceededError

from renderer.core import clocks
from renderer.core.errors import SampleDBError, invalid, transient

_KEYS = {
    "AuthFailure",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "XAdminUserNotFound",
}
_DENIED = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "401", "403"}
_REGION = {
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
}
_CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}
_NO_ROOM = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"}
_MISSING = {"NoSuchKey", "404", "NotFound"}
_UNTRUSTED = ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "wrong version number")


class MissingError(Exception):
    """There is no object of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of which store, to name it."""

    what: str
    """For example `write s3://bucket/key`."""
    bucket: str
    endpoint: str
    secret: str
    """The Secret that the access key is from."""


@contextmanager
def told(asked: Asked) -> Iterator[None]:
    """Translate what is raised inside. `MissingError` for an object that isn't there."""
    try:
        yield
    except ClientError as error:
        raise _answered(error, asked) from None
    except RetriesExceededError as error:
        problem = f"could not {asked.what}: {error.last_exception}"
        raise transient(problem) from None
    except BotoCoreError as error:
        raise _unreached(error, asked) from None


def _answered(error: ClientError, asked: Asked) -> Exception:
    answer = error.response.get("Error", {})
    code, words = (
        str(answer.get("Code", "")),
        str(answer.get("Message", "")) or "it gives no reason",
    )
    if code in _MISSING:
        return MissingError(asked.what)
    said = f"could not {asked.what}: the store at {asked.endpoint} answers {code}: {words}"
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    if code in _CLOCK:
        return invalid(said, remedy=f"set the node's clock (NTP){_apart(error)}, and ask again")
    remedy = _way_out(code, asked) or _way_out(status, asked)
    return invalid(said, remedy=remedy) if remedy else transient(said)


def _apart(error: ClientError) -> str:
    """How far the store's clock, by its answer, is from ours."""
    date = error.response["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    now = datetime.now(UTC)
    ahead = clocks.ahead_of(date, now, now)
    if not clocks.apart(ahead):
        return ""
    return f", which is {clocks.standing(ahead)} the store's"


def _way_out(code: str, asked: Asked) -> str:
    """What somebody has to change; "" where trying again may help."""
    if code == "NoSuchBucket":
        return f"create the bucket {asked.bucket}, or correct spec.backup.target.s3.bucket"
    if code in _KEYS:
        return f"correct access-key-id and secret-access-key in the Secret {asked.secret}"
    if code in _DENIED:
        return (
            f"let the access key of the Secret {asked.secret} list the bucket {asked.bucket}, and "
            "read, write and delete the objects below the prefix"
        )
    if code in _REGION:
        return "set spec.backup.target.s3.region to the bucket's own"
    if code in _NO_ROOM:
        return f"give the bucket {asked.bucket} more room, or keep fewer backups"
    return ""


def _unreached(error: BotoCoreError, asked: Asked) -> SampleDBError:
    words = str(error)
    if isinstance(error, SSLError):
        return _unsecured(words, asked)
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return transient(
            f"could not {asked.what}: the store at {asked.endpoint} doesn't answer in time"
        )
    if isinstance(error, EndpointConnectionError):
        return transient(
            f"could not {asked.what}: the store at {asked.endpoint} can't be reached",
            remedy="is spec.backup.target.s3.endpoint right, and does the store run?",
        )
    return transient(f"could not {asked.what}: {words}")


def _unsecured(words: str, asked: Asked) -> SampleDBError:
    said = f"could not {asked.what}: no TLS with the store at {asked.endpoint}"
    if any(text in words for text in _UNTRUSTED):
        return invalid(
            f"{said}: its certificate isn't trusted",
            remedy=f"put the authority's certificate into the key ca.crt of the Secret "
            f"{asked.secret}",
        )
    if any(text in words for text in _NOT_TLS):
        return invalid(
            f"{said}: it speaks no TLS",
            remedy="write http:// in spec.backup.target.s3.endpoint, or give it a certificate",
        )
    return transient(f"{said}: {words}")
