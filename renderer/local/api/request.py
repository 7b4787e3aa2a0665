"""A request in parts, a target it is about, and the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from renderer.local.api import errors
from renderer.local.api.writes import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from renderer.local.api.access import User
    from renderer.local.api.resources import Registry, ResourceType

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent; `headers` has lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user: User

    @property
    def content_type(self) -> str:
        """Without parameters."""
        return self.headers.get("content-type", JSON).split(";")[0].strip()

    @property
    def accept(self) -> str:
        """What the client wants to read."""
        return self.headers.get("accept", "*/*")

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.query.get(name, "").lower() in {"true", "1"}

    def number(self, name: str) -> int:
        """A whole number as a query parameter, 0 when left out."""
        text = self.query.get(name, "")
        if not text:
            return 0
        if not text.isdigit():
            message = f'Invalid value: "{text}": strconv.ParseInt: parsing "{text}": invalid syntax'
            raise errors.bad_request(message)
        return int(text)

    def write(self) -> Write:
        """How this request wants to write."""
        dry_run = self.query.get("dryRun", "")
        if dry_run not in {"", "All"}:
            message = f'Invalid value: "{dry_run}": dryRun: supported values: "All"'
            raise errors.bad_request(message)
        agent = self.headers.get("user-agent", "").split("/")[0]
        return Write(
            dry_run=dry_run == "All",
            validation=self.query.get("fieldValidation") or "Warn",
            manager=self.query.get("fieldManager") or agent or "unknown",
            force=self.flag("force"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a URL is about; an empty name is the whole collection."""

    resource: ResourceType
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer that is sent at once."""

    body: bytes
    code: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = field(default=())


def json_response(value: Any, code: int = 200, warnings: tuple[str, ...] = ()) -> Response:  # noqa: ANN401  # JSON: any value
    """An answer of one JSON value; warnings go where kubectl looks for them."""
    headers = tuple(("Warning", f"299 - {orjson.dumps(text).decode()}") for text in warnings)
    return Response(body=orjson.dumps(value), code=code, headers=headers)


def split_url(target: str) -> tuple[str, dict[str, str]]:
    """The path and the query of a request line."""
    parts = urlsplit(target)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


def target_of(resources: Registry, path: str) -> Target | None:
    """What a path is about, or None when it isn't about a served resource."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:  # noqa: PLR2004  # /apis/GROUP/VERSION/…
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in {"status", "finalize"}:  # noqa: PLR2004  # namespaces/NAME/…
        namespace, rest = rest[1], rest[2:]
    resource = resources.find(group, version, rest[0]) if rest else None
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):  # noqa: PLR2004  # resource, name, subresource
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if name and resource.namespaced and not namespace:
        return None
    return Target(resource=resource, namespace=namespace, name=name, subresource=subresource)
