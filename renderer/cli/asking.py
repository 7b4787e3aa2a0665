"""Asking for something: an edit of a SampleDB, made with the user's own rights.

The edit is a merge patch, guarded by the resourceVersion that was seen, under a field
manager of our own. Its name must not begin with `kubectl`: Flux takes such fields back.
Where Argo CD or Flux applies the SampleDB itself and owns the field, an edit here would be
undone: it is refused, and `--print` gives it for Git.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.cli.one import fetch, key_of, opened
from renderer.cli.seen import at, clock
from renderer.cli.waiting import await_rest
from renderer.cluster.cache import key_of as key_in
from renderer.cluster.client import Cluster, Object
from renderer.cluster.failure import ConflictError
from renderer.cluster.kinds import SAMPLEDBS
from renderer.core import emit
from renderer.core.errors import invalid
from renderer.core.layout import API_VERSION, KIND
from renderer.settings import Settings

MANAGER = "sampledb-cli"
_APPLIERS = ("argocd", "helm", "kustomize-controller")
"""What the field managers of Argo CD, Helm and Flux begin with."""
_ATTEMPTS = 5
_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A SampleDB before something was asked of it, and after."""

    before: Object
    after: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """The options that all verbs share."""

    show: bool
    force: bool
    wait: bool
    limit: float


def asking_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --print, --force, --wait and --wait-limit; the command gets them as `how`."""

    @functools.wraps(function)
    def wrapped(*, show: bool, force: bool, wait: bool, limit: float, **rest: Any) -> Any:  # noqa: ANN401 - handed on as they are
        return function(how=How(show=show, force=force, wait=wait, limit=limit), **rest)

    wrapped = click.option(
        "--wait-limit",
        "limit",
        type=click.FloatRange(min=0, min_open=True),
        default=_HOUR,
        show_default=True,
        metavar="SECONDS",
        help="How long --wait waits; what was asked for goes on afterwards.",
    )(wrapped)
    wrapped = click.option(
        "--wait", is_flag=True, help="Show how it goes; exit 1 with the reason when it fails."
    )(wrapped)
    wrapped = click.option(
        "--force", is_flag=True, help="Edit a field that Argo CD or Flux applies from Git, too."
    )(wrapped)
    return click.option(
        "--print", "show", is_flag=True, help="Print the edit for Git instead, as YAML."
    )(wrapped)


def moment() -> str:
    """The time, as a value that asks for something by being new."""
    return clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def printed(settings: Settings, name: str, edit: Mapping[str, Any]) -> str:
    """The edit as a document: what to write into the SampleDB in Git."""
    key = key_of(settings, name)
    metadata = {"namespace": key.namespace, "name": key.name, **edit.get("metadata", {})}
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        **edit,
        "metadata": metadata,
    }
    return emit.dump(document).decode().rstrip("\n")


def ask(cluster: Cluster, found: Object, edit: Mapping[str, Any], how: How) -> Object:
    """Merge `edit`, of its spec or its metadata, into the SampleDB; returns it as it is then.

    What it says already is not written. The controller's status writes move the version too:
    as long as the spec is the one that was seen, it is tried again. Raises `ConflictError`
    when the spec changed.
    """
    if says_so(found, edit):
        current().note("the SampleDB says so already")
        return found
    if not how.force:
        _refuse_applied(found, edit)
    generation = found["metadata"].get("generation")
    for _ in range(_ATTEMPTS):
        try:
            return cluster.patch(SAMPLEDBS, found, dict(edit), manager=MANAGER)
        except ConflictError as error:
            conflict = error
            found = fetch(cluster, key_in(found))
            if found["metadata"].get("generation") != generation:
                break
    raise conflict


def follow(
    cluster: Cluster, asked: Object, how: How, done: Callable[[Object], bool] = bool
) -> Object:
    """Wait until it is done, where that is wanted; returns the SampleDB as it is then.

    `done` tells what no change of the spec tells.
    """
    if not how.wait:
        current().note("it goes on by itself; 'sampledb status' shows how, --wait waits for it")
        return asked
    return await_rest(cluster, asked, how.limit, done)


def carry_out(
    settings: Settings,
    name: str,
    spec: Mapping[str, Any],
    how: How,
    refuse: Callable[[Object], None] | None = None,
) -> Done | None:
    """Print the edit of the spec or make it, and wait where that is wanted.

    `refuse` raises for a SampleDB of which it can't be asked. Returns None when the edit
    was only printed.
    """
    edit = {"spec": spec}
    if how.show:
        click.echo(printed(settings, name, edit))
        return None
    with opened(settings, name) as (cluster, found):
        refuse_deleting(found)
        if refuse is not None:
            refuse(found)
        asked = ask(cluster, found, edit, how)
        return Done(before=found, after=follow(cluster, asked, how))


def says_so(found: Object, edit: Mapping[str, Any]) -> bool:
    """True when there is nothing to edit."""
    return all(at(found, *path) == at(edit, *path) for path in leaves(edit))


def let_a_person_decide(found: Object, question: str, *, told: str, without: str) -> None:
    """Ask on a terminal, after `told`; `without` is the option that answers it beforehand.

    Raises `CommandError` when the answer is no, or nobody is there.
    """
    current().note(told)
    if not without or (sys.stdin.isatty() and click.confirm(question, err=True)):
        return
    finding = Finding(
        rule=Rule.CLUSTER,
        problem="nothing was done: a person must say so",
        remedy=f"answer y on a terminal, or give {without}",
        key=str(key_in(found)),
    )
    raise CommandError(finding, exit_code=Exit.REFUSED)


def _refuse_applied(found: Object, edit: Mapping[str, Any]) -> None:
    for path in leaves(edit):
        owner = _applier_of(found, path)
        if owner:
            field = ".".join(path)
            finding = Finding(
                rule=Rule.CLUSTER,
                field=field,
                problem=f"{owner} applies it from Git, and would undo an edit made here",
                remedy="make the edit in Git (--print shows it), or give --force",
                key=str(key_in(found)),
            )
            raise CommandError(finding, exit_code=Exit.REFUSED)


def leaves(edit: Mapping[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    """The path of each value in `edit`."""
    for name, value in edit.items():
        if isinstance(value, Mapping):
            yield from leaves(value, *above, name)
        else:
            yield (*above, name)


def _applier_of(found: Object, path: tuple[str, ...]) -> str:
    """The GitOps tool that owns a field; "" when none does."""
    for entry in found["metadata"].get("managedFields") or ():
        manager = str(entry.get("manager", ""))
        fields: Any = entry.get("fieldsV1")
        for part in path:
            fields = fields.get(f"f:{part}") if isinstance(fields, Mapping) else None
        if fields is not None and manager.startswith(_APPLIERS):
            return manager
    return ""


def refuse_deleting(found: Object) -> None:
    """Raise `InvalidError` for a SampleDB that is being deleted, or whose files are left alone."""
    if "deletionTimestamp" in found["metadata"]:
        raise invalid(
            "is being deleted: nothing else can be asked of it",
            field="NAME",
            value=str(key_in(found)),
        )
    if found["spec"].get("paused"):
        raise invalid(
            "is true: the controller leaves everything as it is",
            field="spec.paused",
            remedy="set it to false first",
        )


def refuse_sleeping(found: Object, problem: str) -> None:
    """Raise `InvalidError` for a SampleDB that hibernates; `problem` says why that matters."""
    if at(found, "spec", "hibernate"):
        raise invalid(
            "is true: " + problem,
            field="spec.hibernate",
            remedy="wake it first: sampledb wake",
        )
