"""The volumes of a Pod as local folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from renderer.local.environment import ConfigError, Lookup, content, field, missing
from renderer.local.objects import CONFIG_MAPS, SECRETS, Object
from renderer.local.programs import Account, give

DEFAULT_MODE = 0o644
ClaimFolder = Callable[[str], Path]
"""The name of a claim in the Pod's namespace → its folder."""


def prepare(
    pod: Object, folder: Path, *, claim: ClaimFolder, lookup: Lookup, owner: Account | None
) -> dict[str, Path]:
    """Lay out every volume below `folder`; volume name → where it is.

    Raises `ConfigError` with the kubelet's words when a ConfigMap or Secret is missing.
    """
    paths: dict[str, Path] = {}
    for volume in pod["spec"].get("volumes") or ():
        name = volume["name"]
        if "persistentVolumeClaim" in volume:
            paths[name] = claim(volume["persistentVolumeClaim"]["claimName"])
            continue
        files = _files(pod, volume, lookup)
        paths[name] = folder / name
        paths[name].mkdir(exist_ok=True)
        paths[name].chmod(0o777 if "emptyDir" in volume else 0o755)
        give(paths[name], owner)
        for path, (data, mode) in files.items():
            _write(paths[name], path, data, mode, owner)
    return paths


def remove(folder: Path) -> None:
    """Remove a Pod's folder; claims lie elsewhere."""
    shutil.rmtree(folder, ignore_errors=True)


Files = dict[str, tuple[bytes, int]]
"""Path below the mount → content and mode."""


def _files(pod: Object, volume: Object, lookup: Lookup) -> Files:
    if "emptyDir" in volume:
        return {}
    if "configMap" in volume:
        return _object_files(CONFIG_MAPS, volume["configMap"], "name", lookup)
    if "secret" in volume:
        return _object_files(SECRETS, volume["secret"], "secretName", lookup)
    if "downwardAPI" in volume:
        return _downward(pod, volume["downwardAPI"])
    if "projected" in volume:
        return _projected(pod, volume["projected"], lookup)
    kind = next((key for key in volume if key != "name"), "without a source")
    message = f'volume "{volume["name"]}": the laptop cluster has no volumes of kind {kind}'
    raise ConfigError(message)


def _projected(pod: Object, source: Object, lookup: Lookup) -> Files:
    files: Files = {}
    for part in source.get("sources") or ():
        mode = {"defaultMode": source.get("defaultMode", DEFAULT_MODE)}
        if "configMap" in part:
            files |= _object_files(CONFIG_MAPS, mode | part["configMap"], "name", lookup)
        elif "secret" in part:
            files |= _object_files(SECRETS, mode | part["secret"], "name", lookup)
        elif "downwardAPI" in part:
            files |= _downward(pod, mode | part["downwardAPI"])
        else:
            message = f"the laptop cluster has no projected volumes of kind {', '.join(part)}"
            raise ConfigError(message)
    return files


def _object_files(resource: str, source: Object, name_key: str, lookup: Lookup) -> Files:
    name, mode = source.get(name_key, ""), source.get("defaultMode", DEFAULT_MODE)
    thing = lookup(resource, name)
    if thing is None:
        if source.get("optional"):
            return {}
        raise ConfigError(missing(resource, name))
    values = content(resource, thing)
    if not source.get("items"):
        return {key: (data, mode) for key, data in values.items()}
    return _items(source["items"], values, mode, optional=bool(source.get("optional")))


def _items(items: list[Object], values: Mapping[str, bytes], mode: int, *, optional: bool) -> Files:
    files: Files = {}
    for item in items:
        if item["key"] in values:
            files[item["path"]] = (values[item["key"]], item.get("mode", mode))
        elif not optional:
            message = f"references non-existent config key: {item['key']}"
            raise ConfigError(message)
    return files


def _downward(pod: Object, source: Object) -> Files:
    mode = source.get("defaultMode", DEFAULT_MODE)
    return {
        item["path"]: (field(pod, item["fieldRef"]["fieldPath"]).encode(), item.get("mode", mode))
        for item in source.get("items") or ()
    }


def _write(base: Path, path: str, data: bytes, mode: int, owner: Account | None) -> None:
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        message = f"path {path} leaves the volume"
        raise ConfigError(message)
    target = base / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
    give(target, owner)
