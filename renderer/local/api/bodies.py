"""Reading what a client sent: JSON, YAML, and the protobuf of `kubectl create`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import orjson
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from renderer.local.api import errors, protobuf

if TYPE_CHECKING:
    from renderer.local.api.request import Request

_JSON, _YAML = "application/json", "application/yaml"


def read(request: Request) -> Any:  # noqa: ANN401  # JSON: any value
    """The body by its content type; 415 for a type that isn't known."""
    if request.content_type == _JSON:
        return json(request.body)
    if request.content_type == _YAML:
        return yaml(request.body)
    if request.content_type == protobuf.MEDIA_TYPE:
        return protobuf.read(request.body)
    raise errors.unsupported_media_type((_JSON, _YAML))


def json(body: bytes) -> Any:  # noqa: ANN401  # JSON: any value
    """JSON, or 400."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"couldn't get version/kind; json parse error: {error}"
        raise errors.bad_request(message) from error


def yaml(body: bytes) -> Any:  # noqa: ANN401  # YAML: any value
    """YAML (JSON is YAML too), or 400."""
    if body.lstrip()[:1] == b"{":
        return json(body)
    try:
        return YAML(typ="safe", pure=False).load(io.BytesIO(body))
    except YAMLError as error:
        message = f"error decoding YAML: {error}"
        raise errors.bad_request(message) from error
