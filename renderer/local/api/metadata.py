"""What every object's metadata must be, and what the server fills in.

Rules and texts: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.
"""

from __future__ import annotations

import re
import secrets
import uuid
from typing import TYPE_CHECKING

from renderer.local.api import errors
from renderer.local.api.errors import Cause

if TYPE_CHECKING:
    from datetime import datetime

    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_DNS_1123_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(
    r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_PATH_NAMES = ("rbac.authorization.k8s.io",)

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_1123_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
    "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_KEY_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value', "
    " or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_NAME_LIMIT, _LABEL_LIMIT, _ANNOTATIONS_LIMIT = 253, 63, 256 * 1024


def stamp(moment: datetime) -> str:
    """A time as Kubernetes writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(moment: datetime) -> str:
    """The same with microseconds (Lease, managed fields of events)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def name_it(value: Object) -> None:
    """Turn `generateName` into a name."""
    metadata = value["metadata"]
    if not metadata.get("name") and metadata.get("generateName"):
        suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))
        metadata["name"] = metadata["generateName"] + suffix


def fill_new(resource: ResourceType, value: Object, now: datetime) -> None:
    """Set what only the server sets on a new object."""
    metadata = value["metadata"]
    for field in ("resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
        metadata.pop(field, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = stamp(now)
    metadata.pop("generation", None)
    if resource.generation:
        metadata["generation"] = 1


_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
    "namespace",
    "name",
)


def keep_old(value: Object, old: Object) -> None:
    """Carry over what no client can change."""
    metadata, before = value["metadata"], old["metadata"]
    for field in _KEPT:
        if field in before:
            metadata[field] = before[field]
        else:
            metadata.pop(field, None)


def check_envelope(resource: ResourceType, value: Object) -> None:
    """400 unless apiVersion and kind are those of the resource; metadata is made a dict."""
    for field, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        given = value.setdefault(field, expected)
        if given != expected:
            what = "API version" if field == "apiVersion" else "kind"
            message = (
                f"the {what} in the data ({given}) does not match the expected {what} ({expected})"
            )
            raise errors.bad_request(message)
    if not isinstance(value.setdefault("metadata", {}), dict):
        message = (
            f'{resource.kind} in version "{resource.version}" cannot be handled as a '
            f"{resource.kind}: json: cannot unmarshal into Go struct field .metadata"
        )
        raise errors.bad_request(message)


def problems(resource: ResourceType, value: Object) -> list[Cause]:
    """What is wrong with name, labels and annotations."""
    metadata = value["metadata"]
    name = metadata.get("name")
    if not name:
        text = "Required value: name or generateName is required"
        return [Cause(field="metadata.name", message=text, reason="FieldValueRequired")]
    found = [] if resource.group in _PATH_NAMES else _name_problems(resource, str(name))
    for key, text in (metadata.get("labels") or {}).items():
        found += _label_problems(key, text)
    return found + _annotation_problems(metadata.get("annotations") or {})


def late_finalizers(new: Object, old: Object) -> list[Cause]:
    """Nothing new may hold an object that is being deleted."""
    before = old["metadata"].get("finalizers") or ()
    late = [name for name in new["metadata"].get("finalizers") or () if name not in before]
    if not late or "deletionTimestamp" not in old["metadata"]:
        return []
    listed = ", ".join(f'"{name}"' for name in late)
    message = (
        "Forbidden: no new finalizers can be added if the object is being deleted, "
        f"found new finalizers []string{{{listed}}}"
    )
    return [Cause(field="metadata.finalizers", message=message, reason="FieldValueForbidden")]


def _name_problems(resource: ResourceType, name: str) -> list[Cause]:
    pattern, limit, text = _DNS_1123, _NAME_LIMIT, _SUBDOMAIN_TEXT
    if resource.key == "services":
        pattern, limit, text = _DNS_1035, _LABEL_LIMIT, _LABEL_1035_TEXT
    elif resource.key == "namespaces":
        pattern, limit, text = _DNS_1123_LABEL, _LABEL_LIMIT, _LABEL_1123_TEXT
    if len(name) > limit:
        why = f"must be no more than {limit} {'characters' if limit == _NAME_LIMIT else 'bytes'}"
        return [Cause(field="metadata.name", message=f'Invalid value: "{name}": {why}')]
    if not pattern.fullmatch(name):
        return [Cause(field="metadata.name", message=f'Invalid value: "{name}": {text}')]
    return []


def _label_problems(key: str, text: object) -> list[Cause]:
    found = []
    if not _QUALIFIED.fullmatch(key):
        message = f'Invalid value: "{key}": {_KEY_TEXT}'
        found.append(Cause(field="metadata.labels", message=message))
    if not isinstance(text, str) or not _LABEL_VALUE.fullmatch(text):
        message = f'Invalid value: "{text}": {_VALUE_TEXT}'
        found.append(Cause(field="metadata.labels", message=message))
    elif len(text) > _LABEL_LIMIT:
        message = f'Invalid value: "{text}": must be no more than {_LABEL_LIMIT} bytes'
        found.append(Cause(field="metadata.labels", message=message))
    return found


def _annotation_problems(annotations: Object) -> list[Cause]:
    field = "metadata.annotations"
    found = [
        Cause(field=field, message=f'Invalid value: "{key}": {_KEY_TEXT}')
        for key in annotations
        if not _QUALIFIED.fullmatch(key)
    ]
    size = sum(len(key) + len(str(text)) for key, text in annotations.items())
    if size > _ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        found.append(Cause(field=field, message=message, reason="FieldValueTooLong"))
    return found
