"""The API server's errors: each is a Kubernetes `Status` with the texts of the real server.

Texts and codes follow k8s.io/apimachinery/pkg/api/errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from renderer.local.api.resources import ResourceType

Object = dict[str, Any]
"""A Kubernetes object as plain JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One wrong field: `reason` is a Kubernetes cause type (`FieldValueRequired`, …)."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class ApiError(Exception):
    """A refused request: an HTTP code, a reason, a message and details."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Object | None = None,
        token: str = "",
    ) -> None:
        """`token` is the continue token that an expired list hands back."""
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details = details
        self.token = token

    def status(self) -> Object:
        """The body that the server answers with."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.token} if self.token else {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


def _details(resource: ResourceType, name: str, *, kind: str = "") -> Object:
    details = {"name": name, "group": resource.group, "kind": kind or resource.plural}
    return {key: value for key, value in details.items() if value}


def bad_request(message: str) -> ApiError:
    """400: the request itself makes no sense."""
    return ApiError(400, "BadRequest", message)


def not_found(resource: ResourceType, name: str) -> ApiError:
    """404: no such object."""
    message = f'{resource.key} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_details(resource, name))


def already_exists(resource: ResourceType, name: str) -> ApiError:
    """409 at create: the name is taken."""
    message = f'{resource.key} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_details(resource, name))


MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def conflict(resource: ResourceType, name: str, why: str = MODIFIED) -> ApiError:
    """409 at update, patch or delete: based on an object that has changed since."""
    message = f'Operation cannot be fulfilled on {resource.key} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_details(resource, name))


def other(resource: ResourceType, name: str, why: str) -> ApiError:
    """409 at a deletion that names another object or version: the kind is told, not the plural."""
    suffix = f".{resource.group}" if resource.group else ""
    message = f'Operation cannot be fulfilled on {resource.kind}{suffix} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_details(resource, name, kind=resource.kind))


def invalid(resource: ResourceType, name: str, causes: Sequence[Cause]) -> ApiError:
    """422: the object breaks its schema or a rule; every cause names its field."""
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    shown = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    suffix = f".{resource.group}" if resource.group else ""
    details = _details(resource, name, kind=resource.kind)
    details["causes"] = [
        {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
    ]
    message = f'{resource.kind}{suffix} "{name}" is invalid: {shown}'
    return ApiError(422, "Invalid", message, details=details)


def forbidden(resource: ResourceType, name: str, why: str) -> ApiError:
    """403: the server or the authorizer refuses."""
    named = f'{resource.key} "{name}"' if name else resource.key
    return ApiError(
        403, "Forbidden", f"{named} is forbidden: {why}", details=_details(resource, name)
    )


def expired(message: str, *, token: str = "") -> ApiError:
    """410: the history that was asked for is gone."""
    return ApiError(410, "Expired", message, token=token)


def too_old(asked: int, oldest: int) -> ApiError:
    """410 of a watch that starts before the kept history."""
    return expired(f"too old resource version: {asked} ({oldest})")


def too_large(asked: int, current: int) -> ApiError:
    """504: a resourceVersion from the future (a client of another or a restored server)."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, details=details)


def too_many_requests(seconds: int = 1) -> ApiError:
    """429: come back later."""
    message = "too many requests, please try again later"
    return ApiError(429, "TooManyRequests", message, details={"retryAfterSeconds": seconds})


def internal(message: str) -> ApiError:
    """500: the server failed."""
    text = f"Internal error occurred: {message}"
    return ApiError(500, "InternalError", text, details={"causes": [{"message": message}]})


def unauthorized() -> ApiError:
    """401: no token, or an unknown one."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    """405: this resource does not know this verb."""
    return ApiError(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
        details={},
    )


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """415: the body is of a type that the server doesn't read."""
    message = (
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )
    return ApiError(415, "UnsupportedMediaType", message)
