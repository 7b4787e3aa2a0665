"""Custom resources: written as their CustomResourceDefinition says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderer.local.api import errors, structural
from renderer.local.api.errors import Cause
from renderer.local.api.rules import Rules
from renderer.local.api.validation import BLOCKING, Validator

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType
    from renderer.local.api.writes import Write

_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_MORE = Cause(field="<nil>", message=f'Invalid value: "null": {_NOT_CHECKED}')


class CustomResource:
    """The strategy of one version of a custom resource."""

    def __init__(self, resource: ResourceType, schema: Object) -> None:
        """Compile the schema and its rules, once; raises `RuleError`."""
        self._resource, self._schema = resource, schema
        self._validator = Validator(structural.root_json_schema(schema))
        self._rules = Rules(schema)

    def prepare(self, new: Object, old: Object | None, how: Write) -> None:
        """Prune, and write out the defaults; with Strict, unknown fields are refused (400)."""
        del old
        unknown = [f'unknown field "{path}"' for path in structural.prune(new, self._schema)]
        if unknown and how.validation == "Strict":
            kind, version = self._resource.kind, self._resource.version
            message = (
                f'{kind} in version "{version}" cannot be handled as a {kind}: '
                f"strict decoding error: {', '.join(unknown)}"
            )
            raise errors.bad_request(message)
        if how.validation == "Warn":
            how.warnings.extend(unknown)
        structural.fill(new, self._schema)

    def problems(self, new: Object, old: Object | None) -> list[Cause]:
        """The faults by schema; when none of them is in the way, those by rules too."""
        causes = self._validator.causes(new, old)
        if any(cause.reason in BLOCKING for cause in causes):
            return [*causes, _MORE]
        return [*causes, *self._rules.causes(new, old)]
