"""What the API server answers when it doesn't do what was asked, as our own errors.

The server's own words come first in each message; the way out follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import orjson

from renderer.core.errors import Detail, InvalidError, SampleDBError, TransientError
from renderer.core.layout import GROUP

_WORDS_LIMIT = 2000


class ApiError(TransientError):
    """The API server refused or failed, and may do it later: try again with back-off."""

    retry_after: float = 0.0
    """Seconds that the server asks to wait (Retry-After); 0 when it didn't say."""


class NotFoundError(ApiError):
    """The object, or the resource itself, isn't there (404)."""


class ConflictError(ApiError):
    """Somebody else wrote in between (409): look again."""


class AlreadyExistsError(ConflictError):
    """An object of that name is already there (409, reason AlreadyExists)."""


class ExpiredError(ApiError):
    """The resourceVersion or the continue token is too old (410): list anew."""


class DeniedError(ApiError):
    """The API server doesn't know who asks (401), or doesn't let them (403)."""


_ERRORS: dict[int, type[ApiError]] = {
    HTTPStatus.UNAUTHORIZED: DeniedError,
    HTTPStatus.FORBIDDEN: DeniedError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.GONE: ExpiredError,
}
_REMEDIES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "the token or client certificate is missing, expired or unknown to"
    " this cluster: log in again, or check the kubeconfig's user",
    HTTPStatus.FORBIDDEN: "grant the verb to this account (deploy/rbac.yaml has the whole list)",
    HTTPStatus.NOT_FOUND: "",
    HTTPStatus.CONFLICT: "somebody else changed it: look again and retry",
    HTTPStatus.GONE: "list again",
    HTTPStatus.TOO_MANY_REQUESTS: "the API server is overloaded: this is tried again later",
}


def from_status(
    code: int, status: Mapping[str, object], *, asked: str, retry_after: float = 0.0
) -> SampleDBError:
    """Translate a Status object of the API (or {} when the body held none).

    `asked` is what was asked, for example `patch sampledbs.sampledb.dev team-a/orders`.
    """
    reason = str(status.get("reason", ""))
    words = str(status.get("message", "")) or _phrase(code)
    if code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return InvalidError(*_causes(status, asked=asked, words=words))
    error_type = _ERRORS.get(code, ApiError)
    if reason == "AlreadyExists":
        error_type = AlreadyExistsError
    remedy = _REMEDIES.get(code, "this is tried again later")
    if code == HTTPStatus.NOT_FOUND and not _names_an_object(status):
        remedy = "is its CustomResourceDefinition installed?"
        remedy += " (`sampledb crd | kubectl apply -f -`)" if f".{GROUP}" in asked else ""
    error = error_type(
        Detail(field=asked, problem=f"the API server answers {code}: {words}", remedy=remedy)
    )
    error.retry_after = retry_after
    return error


def from_body(code: int, body: bytes, *, asked: str, retry_after: str = "") -> SampleDBError:
    """Translate a whole HTTP answer; a body that isn't a Status is shown as it is."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body[:_WORDS_LIMIT].decode("utf-8", "replace").strip()
        status = {"message": text}
    if not isinstance(status, dict):
        status = {}
    seconds = float(retry_after) if retry_after.isdecimal() else 0.0
    return from_status(code, status, asked=asked, retry_after=seconds)


def unreachable(error: Exception, *, asked: str, server: str) -> TransientError:
    """Translate a connection that failed, broke or timed out."""
    return TransientError(
        Detail(
            field=asked,
            problem=f"the API server at {server} doesn't answer: {error}",
            remedy="check that the cluster runs and that this address can be reached",
        )
    )


def _causes(status: Mapping[str, object], *, asked: str, words: str) -> list[Detail]:
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    found = [
        Detail(field=str(cause.get("field", "")), problem=str(cause.get("message", words)))
        for cause in (causes if isinstance(causes, list) else [])
        if isinstance(cause, dict)
    ]
    return found or [Detail(field=asked, problem=words)]


def _names_an_object(status: Mapping[str, object]) -> bool:
    """A 404 for an object names it in `details`; one for an unknown resource doesn't."""
    details = status.get("details")
    return isinstance(details, dict) and bool(details.get("name"))


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "no reason given"
