"""Sorts the changes of a publish against a tip: what is there already, what to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from renderer.core import layout
from renderer.core.errors import InvalidError
from renderer.core.objects import blob_id, tree_id
from renderer.git.change import Change, Outcome, Refused, Superseded, Unchanged
from renderer.git.errors import detail
from renderer.git.objects import FILE_MODES, TREE_MODE, ObjectFormat
from renderer.git.reader import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A change with the ids that its content has in Git, computed once."""

    change: Change
    tree: str | None
    beside: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """By the changes' places: the outcome of some, and the changes to write."""

    settled: Mapping[int, Outcome]
    pending: Mapping[int, Change]
    removed: Mapping[int, str]
    """Directories that exist and that pending changes remove."""


def identify(changes: Sequence[Change], form: ObjectFormat) -> list[Wanted]:
    """Compute the ids of what the changes want."""
    return [
        Wanted(
            change=change,
            tree=None if change.files is None else tree_id(change.files, form.value),
            beside={
                path: None if content is None else blob_id(content, form.value)
                for path, content in change.beside.items()
            },
        )
        for change in changes
    ]


def select(
    objects: Objects, tip: str | None, wanted: Sequence[Wanted], *, path: str, shown: str
) -> Selection:
    """Compare each change with `tip`; only object ids are read, no file's content."""
    settled: dict[int, Outcome] = {}
    pending: dict[int, Change] = {}
    removed: dict[int, str] = {}
    taken: set[str] = set()
    for place, want in enumerate(wanted):
        directory = want.change.directory
        try:
            _check(want.change, path, shown)
            outcome = _compare(objects, tip, want, shown)
        except InvalidError as error:
            outcome = Refused(error=error)
        if outcome is None and directory in taken:
            outcome = Superseded(reason=f"another change of the same publish writes {directory}")
        if outcome is not None:
            settled[place] = outcome
            continue
        taken.add(directory)
        pending[place] = _with_missing(objects, tip, want.change, shown)
        if want.change.files is None and objects.entry(tip, directory) is not None:
            removed[place] = directory
    return Selection(settled=settled, pending=pending, removed=removed)


def _compare(objects: Objects, tip: str | None, want: Wanted, shown: str) -> Outcome | None:
    directory = want.change.directory
    current = _id_at(objects, tip, directory, {TREE_MODE}, shown)
    beside = all(
        _id_at(objects, tip, path, FILE_MODES, shown) == name for path, name in want.beside.items()
    )
    lacking = _missing(objects, tip, want.change, shown)
    if current == want.tree and beside and not lacking:
        return Unchanged(commit=tip)
    if current not in {want.tree, want.change.based_on}:
        what = "was removed" if current is None else "was written by somebody else"
        return Superseded(reason=f"{directory} {what} since this change was decided")
    return None


def _missing(objects: Objects, tip: str | None, change: Change, shown: str) -> Mapping[str, bytes]:
    """Those files that are written once and aren't there."""
    return {
        path: content
        for path, content in change.once.items()
        if _id_at(objects, tip, path, FILE_MODES, shown) is None
    }


def _with_missing(objects: Objects, tip: str | None, change: Change, shown: str) -> Change:
    if not change.once:
        return change
    return replace(change, beside={**change.beside, **_missing(objects, tip, change, shown)})


def _id_at(
    objects: Objects, tip: str | None, path: str, modes: set[str] | frozenset[str], shown: str
) -> str | None:
    try:
        entry = objects.entry(tip, path)
    except NotADirectoryError as error:
        raise _odd(str(error), "isn't a plain directory", shown) from None
    if entry is None:
        return None
    if entry.mode not in modes:
        expected = "a plain directory" if TREE_MODE in modes else "a plain file"
        raise _odd(path, f"isn't {expected}", shown)
    return entry.id


def _odd(path: str, problem: str, shown: str) -> InvalidError:
    return InvalidError(
        detail(
            shown,
            f"{path} {problem} (a symbolic link, a submodule or the like); "
            "links are never followed",
            f"remove {path} from the branch in a commit of your own, or set another path",
        )
    )


def _check(change: Change, path: str, shown: str) -> None:
    """Refuse a change that leaves `path`, or that Git could not hold."""
    _check_tombstones(change, path, shown)
    for place in (change.directory, *change.beside, *change.once):
        inside = not path or place.startswith(f"{path}/")
        if not inside or not all(_safe(part) for part in place.split("/")):
            problem = f"{place!r} isn't a path inside {path or 'the repository'!r}"
            raise InvalidError(detail(shown, problem, "this is never written"))
        if place != change.directory and place.startswith(f"{change.directory}/"):
            problem = f"{place!r} lies in the directory that is written whole"
            raise InvalidError(detail(shown, problem, "name it among the directory's files"))
    if change.files is None:
        return
    if not change.files:
        problem = f"there are no files for {change.directory}: Git keeps no empty directory"
        raise InvalidError(detail(shown, problem, "ask for its removal instead"))
    for name in change.files:
        if "/" in name or not _safe(name):
            problem = f"{name!r} isn't a file name for {change.directory}"
            raise InvalidError(detail(shown, problem, "use one plain name without a slash"))


def _check_tombstones(change: Change, path: str, shown: str) -> None:
    """Refuse to change or remove what is written once."""
    above = f"{layout.tombstones(path)}/"
    for place in (change.directory, *change.beside):
        if place.startswith(above):
            problem = f"{place!r} is a tombstone, which is written once"
            raise InvalidError(detail(shown, problem, "this is never changed or removed"))


def _safe(part: str) -> bool:
    return part not in {"", ".", ".."} and part.lower() != ".git" and part.isprintable()


def database_directories(objects: Objects, tip: str | None, path: str) -> int:
    """How many SampleDBs' directories there are below `path`."""
    try:
        top = objects.entry(tip, layout.databases(path))
    except NotADirectoryError:
        return 0
    if top is None or top.mode != TREE_MODE:
        return 0
    spaces = [entry.id for entry in objects.tree(top.id).values() if entry.mode == TREE_MODE]
    return sum(
        entry.mode == TREE_MODE for space in spaces for entry in objects.tree(space).values()
    )
