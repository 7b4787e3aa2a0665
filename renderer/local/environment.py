"""What a container's process gets: its environment, command and arguments, made local.

A container is a plain process here, so three things are rewritten: paths below
a volume's mountPath become the volume's local folder, names of Services become
addresses, and `LISTEN_ADDRESSES` becomes the Pod's own address (processes share
one network).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from renderer.local.objects import CONFIG_MAPS, SECRETS, Object, name_of, namespace_of, uid_of

LISTEN = "LISTEN_ADDRESSES"
DEFAULT_TERMINATION_PATH = "/dev/termination-log"
_REFERENCE = re.compile(r"\$(\$)?\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")
_SERVICE = re.compile(
    r"(?:[a-z0-9-]+\.)?(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)"
    r"\.svc(?:\.cluster\.local\.?)?(?![a-z0-9.-])"
)
Lookup = Callable[[str, str], Object | None]
"""(resource, name) → the object in the Pod's namespace."""
Resolve = Callable[[str, str], str | None]
"""(Service, namespace) → the address behind it."""


class ConfigError(Exception):
    """A container can't be made from its specification; the text is the kubelet's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a container's process runs: all that its texts are rewritten with."""

    address: str
    """The Pod's own address."""
    paths: Mapping[str, Path]
    """mountPath (and the termination message's path) → local path."""
    resolve: Resolve

    def local(self, text: str) -> str:
        """`text` with a mounted path replaced by the local one; the longest mountPath wins."""
        for mount in sorted(self.paths, key=len, reverse=True):
            if text == mount or text.startswith(mount.rstrip("/") + "/"):
                return str(self.paths[mount]) + text[len(mount.rstrip("/")) :]
        return text

    def value(self, name: str, text: str) -> str:
        """The value of one environment variable, made local."""
        if name == LISTEN:
            return self.address
        return _SERVICE.sub(self._address, self.local(text))

    def _address(self, found: re.Match[str]) -> str:
        return self.resolve(found["service"], found["namespace"]) or found[0]


def variables(pod: Object, container: Object, lookup: Lookup) -> dict[str, str]:
    """The container's environment as its specification says, before it is made local.

    Raises `ConfigError` when a Secret, ConfigMap or key that isn't optional is missing.
    """
    values: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        values |= _all_of(source, lookup)
    for entry in container.get("env") or ():
        found = _one(pod, entry, lookup)
        if found is not None:
            values[entry["name"]] = expand(found, values) if "value" in entry else found
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """Kubernetes' `$(NAME)` references: unknown ones stay, `$$(NAME)` is an escape."""

    def put(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        return values.get(found[2], found[0])

    return _REFERENCE.sub(put, text)


def command(container: Object, values: Mapping[str, str], place: Place) -> list[str]:
    """The program and its arguments, made local. `ConfigError` without a command."""
    given = [*(container.get("command") or ()), *(container.get("args") or ())]
    if not container.get("command"):
        message = "no command specified: the laptop cluster has no images, so give a command"
        raise ConfigError(message)
    return [place.local(expand(item, values)) for item in given]


def content(resource: str, thing: Object) -> dict[str, bytes]:
    """The keys of a ConfigMap or Secret."""
    if resource == SECRETS:
        plain = {key: value.encode() for key, value in (thing.get("stringData") or {}).items()}
        coded = {key: base64.b64decode(value) for key, value in (thing.get("data") or {}).items()}
        return coded | plain
    binary = {key: base64.b64decode(v) for key, v in (thing.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in (thing.get("data") or {}).items()} | binary


def missing(resource: str, name: str) -> str:
    """The kubelet's words for an object that isn't there."""
    return f'{"secret" if resource == SECRETS else "configmap"} "{name}" not found'


def _all_of(source: Object, lookup: Lookup) -> dict[str, str]:
    resource = SECRETS if "secretRef" in source else CONFIG_MAPS
    reference = source.get("secretRef") or source.get("configMapRef") or {}
    thing = lookup(resource, reference.get("name", ""))
    if thing is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(missing(resource, reference.get("name", "")))
    prefix = source.get("prefix", "")
    return {prefix + key: value.decode() for key, value in content(resource, thing).items()}


def _one(pod: Object, entry: Object, lookup: Lookup) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return str(entry.get("value", ""))
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"])
    for key, resource in (("secretKeyRef", SECRETS), ("configMapKeyRef", CONFIG_MAPS)):
        if key in source:
            return _key(pod, resource, source[key], lookup)
    message = f"{entry['name']}: the laptop cluster has no {', '.join(source)}"
    raise ConfigError(message)


def _key(pod: Object, resource: str, reference: Object, lookup: Lookup) -> str | None:
    name, key = reference.get("name", ""), reference["key"]
    thing = lookup(resource, name)
    if thing is None:
        if reference.get("optional"):
            return None
        raise ConfigError(missing(resource, name))
    values = content(resource, thing)
    if key in values:
        return values[key].decode()
    if reference.get("optional"):
        return None
    kind = "Secret" if resource == SECRETS else "ConfigMap"
    message = f"couldn't find key {key} in {kind} {namespace_of(pod)}/{name}"
    raise ConfigError(message)


def field(pod: Object, path: str) -> str:
    """The value of a fieldRef. `ConfigError` for a path that isn't served."""
    meta, status = pod["metadata"], pod.get("status") or {}
    simple = {
        "metadata.name": name_of(pod),
        "metadata.namespace": namespace_of(pod),
        "metadata.uid": uid_of(pod),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": status.get("podIP", ""),
        "status.hostIP": status.get("hostIP", ""),
    }
    if path in simple:
        return str(simple[path])
    found = re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", path)
    if found:
        return str((meta.get(found[1]) or {}).get(found[2], ""))
    message = f"the laptop cluster has no fieldRef {path}"
    raise ConfigError(message)


def mounted(container: Object, volumes: Mapping[str, Path]) -> Iterable[tuple[str, Path]]:
    """(mountPath, local path) of every mount, with subPath. `ConfigError` for a foreign volume."""
    for mount in container.get("volumeMounts") or ():
        if mount["name"] not in volumes:
            message = f'volumeMount "{mount["name"]}" names no volume of the Pod'
            raise ConfigError(message)
        sub = mount.get("subPath", "")
        if sub.startswith("/") or ".." in sub.split("/"):
            message = f'subPath "{sub}" leaves the volume'
            raise ConfigError(message)
        yield mount["mountPath"], volumes[mount["name"]] / sub
