"""The volumes of a Pod as local folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from renderer.local.environment import ConfigError, Lookup, content, field, missing
from renderer.local.objects import CONFIG_MAPS, SECRETS, Object
from renderer.local.programs import Account, give

DEFAULT_MODE = 0o644
_DATA = "..data"
_LIVE = {"configMap", "secret", "projected"}
"""The kinds of volumes that follow what they are made from."""
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
        if "emptyDir" not in volume:
            _lay(paths[name], files, owner)
    return paths


def refresh(pod: Object, folder: Path, *, lookup: Lookup, owner: Account | None) -> None:
    """Bring ConfigMaps and Secrets that have changed into a Pod that runs, each whole at once.

    One that is gone by now leaves what it had, as with the kubelet.
    """
    for volume in pod["spec"].get("volumes") or ():
        if not _LIVE & volume.keys():
            continue
        with suppress(ConfigError):
            files, base = _files(pod, volume, lookup), folder / volume["name"]
            if files != _laid(base):
                _lay(base, files, owner)


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


def _laid(base: Path) -> Files:
    data = base / _DATA
    found = (path for path in data.rglob("*") if path.is_file())
    return {
        str(path.relative_to(data)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in found
    }


def _lay(base: Path, files: Files, owner: Account | None) -> None:
    """The kubelet's layout: a new folder, then the one link to it changes."""
    new = Path(tempfile.mkdtemp(prefix="..", dir=base))
    new.chmod(0o755)
    give(new, owner)
    for path, (data, mode) in files.items():
        _write(new, path, data, mode, owner)
    link = new.with_name(f"{_DATA}_tmp")
    link.symlink_to(new.name)
    link.rename(base / _DATA)
    names = {PurePosixPath(path).parts[0] for path in files}
    for name in names - {path.name for path in base.iterdir()}:
        (base / name).symlink_to(f"{_DATA}/{name}")
    for old in base.iterdir():
        if old.is_symlink() and old.name not in {*names, _DATA}:
            old.unlink()
        elif not old.is_symlink() and old != new:
            shutil.rmtree(old)


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
