"""A backup's way into a store and back: manifest last, all of it read again, old ones gone.

In the store as on a volume, a folder is a backup when it holds manifest.json. Beside it lies
objects.json: a store has no folders, and a copy of a server's files needs its empty ones.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import orjson

from renderer.core.errors import SampleDBError, invalid, transient
from renderer.objectstore.retention import ID, Kept, Retention, expired
from renderer.objectstore.store import AT_ONCE, Listed, Store, Sum, sum_of
from renderer.objectstore.trouble import MissingError

MANIFEST = "manifest.json"
OBJECTS = "objects.json"
_RESULT = ("id", "version", "method", "size", "sha256", "database", "verify", "tables", "rows")
_HALF = timedelta(hours=6)
"""What lies there without a manifest, and was written longer ago, was left by a killed run."""
_log = logging.getLogger(__name__)
A = TypeVar("A")
B = TypeVar("B")


def put(store: Store, folder: Path) -> dict[str, Any]:
    """Upload the one backup in `folder`, and read it back whole. Returns its result.

    What a failure leaves half done in the store is removed again.
    """
    backup = _only(folder)
    manifest = orjson.loads((backup / MANIFEST).read_bytes())
    try:
        _upload(store, backup)
    except BaseException:
        with suppress(SampleDBError):
            remove(store, backup.name, (each.name for each in store.list(f"{backup.name}/")))
        raise
    result = {name: manifest[name] for name in _RESULT if name in manifest}
    return {**result, "verified": True, "url": str(store.place.below(backup.name))}


def get(store: Store, name: str, folder: Path, *, unverified: bool = False) -> None:
    """Bring the backup `name` into `folder`, every file compared with its sum.

    With `unverified` also one without a manifest: what reads it then is to do without.
    """
    if not ID.fullmatch(name):
        raise invalid("is not the id of a backup", value=name)
    manifest, contents = _described(store, name, unverified=unverified)
    half = folder / f"{name}.partial"
    half.mkdir()
    for directory in contents["directories"]:
        _inside(half, directory).mkdir(parents=True, exist_ok=True)

    def fetch(entry: dict[str, Any]) -> None:
        path = _inside(half, entry["name"])
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = Sum(size=entry["size"], sha256=entry["sha256"])
        try:
            found = store.fetch(f"{name}/{entry['name']}", path)
        except MissingError:
            raise _damaged(store, name, f"{entry['name']} is missing") from None
        if found != wanted:
            raise _damaged(store, name, f"{entry['name']} is not what was uploaded")

    _each(fetch, contents["files"])
    if manifest is not None:
        (half / MANIFEST).write_bytes(manifest)
    half.rename(folder / name)
    _log.info("fetched %s: %d files", store.place.below(name), len(contents["files"]))


def prune(store: Store, newest: str, retention: Retention, now: datetime) -> list[str]:
    """Remove the verified backups that may go, and what killed runs left. Returns their ids.

    That `now` is right, within some minutes, the store has seen by the requests' signatures.
    """
    found: dict[str, list[Listed]] = defaultdict(list)
    for each in store.list():
        name, _, rest = each.name.partition("/")
        if rest and ID.fullmatch(name):
            found[name].append(each)
    whole = {name for name, own in found.items() if any(_is_manifest(each) for each in own)}
    half = {
        name
        for name, own in found.items()
        if name not in whole and max(each.modified for each in own) < now - _HALF
    }
    kept = _each(lambda name: Kept(id=name, final=_is_final(store, name)), sorted(whole))
    gone = [*expired(kept, newest, retention, now), *sorted(half)]
    for name in gone:
        remove(store, name, (each.name for each in found[name]))
        _log.info("removed %s", store.place.below(name))
    return gone


def remove(store: Store, name: str, objects: Iterable[str]) -> None:
    """Remove a backup, its manifest first: without one, what is half removed is no backup."""
    first = f"{name}/{MANIFEST}"
    store.remove(first)
    _each(store.remove, [each for each in objects if each != first])


def _upload(store: Store, backup: Path) -> None:
    below = sorted(backup.rglob("*"))
    files = [path for path in below if path.is_file() and path != backup / MANIFEST]
    _log.info("uploading %d files to %s", len(files), store.place.below(backup.name))
    entries = _each(lambda path: _written(store, backup, path), files)
    empty = [
        path.relative_to(backup).as_posix()
        for path in below
        if path.is_dir() and not any(path.iterdir())
    ]
    contents = backup.parent / OBJECTS
    contents.write_bytes(orjson.dumps({"files": entries, "directories": empty}))
    _compared(store, f"{backup.name}/{OBJECTS}", contents)
    _compared(store, f"{backup.name}/{MANIFEST}", backup / MANIFEST)
    _log.info("%s was read back whole", store.place.below(backup.name))


def _written(store: Store, backup: Path, path: Path) -> dict[str, Any]:
    name = path.relative_to(backup).as_posix()
    found = _compared(store, f"{backup.name}/{name}", path)
    return {"name": name, "size": found.size, "sha256": found.sha256}


def _compared(store: Store, name: str, path: Path) -> Sum:
    """Upload a file and read it back: the proof."""
    wanted = sum_of(path)
    store.write(name, path)
    try:
        found = store.sum(name)
    except MissingError:
        found = None
    if found != wanted:
        problem = "isn't there" if found is None else "differs from what was written"
        words = f"the backup read back {problem}: {store.place.below(name)}"
        raise transient(words)
    return wanted


def _only(folder: Path) -> Path:
    found = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    whole = [path for path in found if ID.fullmatch(path.name)]
    if len(whole) != 1:
        named = ", ".join(path.name for path in whole) or "none"
        problem = f"one backup was to be uploaded, and there is {named} in {folder}"
        raise transient(problem)
    return whole[0]


def _described(store: Store, name: str, *, unverified: bool) -> tuple[bytes | None, dict[str, Any]]:
    """The manifest, None where one without it will do, and the list of what was uploaded."""
    manifest = None
    try:
        manifest = store.read(f"{name}/{MANIFEST}")
    except MissingError:
        if not unverified or next(store.list(f"{name}/"), None) is None:
            raise _unknown(store, name) from None
    try:
        contents = orjson.loads(store.read(f"{name}/{OBJECTS}"))
    except MissingError:
        raise _damaged(store, name, f"{OBJECTS} is missing") from None
    except orjson.JSONDecodeError:
        raise _damaged(store, name, f"{OBJECTS} can't be read") from None
    if not isinstance(contents, dict) or set(contents) != {"files", "directories"}:
        raise _damaged(store, name, f"{OBJECTS} can't be read")
    return manifest, contents


def _unknown(store: Store, name: str) -> SampleDBError:
    place = store.place.below(name)
    names = {each.name.partition("/")[0] for each in store.list() if _is_manifest(each)}
    ids = sorted((each for each in names if ID.fullmatch(each)), reverse=True)
    if next(store.list(f"{name}/"), None) is not None:
        return invalid(
            f"the backup {place} was never verified: it has no {MANIFEST}",
            remedy="to restore it all the same, set spec.restore.allowUnverified: every file of it "
            "is still compared with its sum",
        )
    known = ", ".join(ids[:3])
    return invalid(
        f"there is no backup {place}",
        remedy=f"the newest there are {known}" if known else f"there is none in {store.place}",
    )


def _damaged(store: Store, name: str, how: str) -> SampleDBError:
    return invalid(f"the backup {store.place.below(name)} is damaged: {how}")


def _inside(folder: Path, name: str) -> Path:
    """Where a file of that name goes. Raises for one that would leave the folder."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise invalid("the list of objects names a file outside of the backup", value=name)
    return folder.joinpath(*parts)


def _is_manifest(each: Listed) -> bool:
    return each.name.partition("/")[2] == MANIFEST


def _is_final(store: Store, name: str) -> bool:
    """A manifest that can't be read is left alone, as a final backup's is."""
    try:
        manifest = orjson.loads(store.read(f"{name}/{MANIFEST}"))
    except (MissingError, orjson.JSONDecodeError):
        return True
    return not isinstance(manifest, dict) or manifest.get("reason") == "Final"


def _each(work: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """Do it for all, some at once; the first error ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
