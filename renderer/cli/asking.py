"""Asking for something: an edit of a SampleDB's spec, made with the user's own rights.

The edit is a merge patch, guarded by the resourceVersion that was seen, under a field
manager of our own. Its name must not begin with `kubectl`: Flux takes such fields back.
Where Argo CD or Flux applies the SampleDB itself and owns the field, an edit here would be
undone: it is refused, and `--print` gives it for Git.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.cli.one import fetch, key_of, opened
from renderer.cli.seen import at
from renderer.cli.waiting import await_rest
from renderer.cluster.cache import key_of as key_in
from renderer.cluster.client import Cluster, Object
from renderer.cluster.failure import ConflictError
from renderer.cluster.kinds import SAMPLEDBS
from renderer.core import emit
from renderer.core.errors import invalid
from renderer.settings import Settings

MANAGER = "sampledb-cli"
_APPLIERS = ("argocd", "helm", "kustomize-controller")
"""What the field managers of Argo CD, Helm and Flux begin with."""
_ATTEMPTS = 5
_HOUR = 3600.0


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


def printed(settings: Settings, name: str, spec: Mapping[str, Any]) -> str:
    """The edit as a document: what to write into the SampleDB in Git."""
    key = key_of(settings, name)
    document = {
        "apiVersion": "sampledb.dev/v1",
        "kind": "SampleDB",
        "metadata": {"namespace": key.namespace, "name": key.name},
        "spec": spec,
    }
    return emit.dump(document).decode().rstrip("\n")


def ask(cluster: Cluster, found: Object, spec: Mapping[str, Any], how: How) -> Object:
    """Merge `spec` into the SampleDB; returns it as it is then.

    The controller's status writes move the version too: as long as the spec is the one
    that was seen, it is tried again. Raises `ConflictError` when the spec changed.
    """
    if not how.force:
        _refuse_applied(found, spec)
    generation = found["metadata"].get("generation")
    for _ in range(_ATTEMPTS):
        try:
            return cluster.patch(SAMPLEDBS, found, {"spec": dict(spec)}, manager=MANAGER)
        except ConflictError as error:
            conflict = error
            found = fetch(cluster, key_in(found))
            if found["metadata"].get("generation") != generation:
                break
    raise conflict


def follow(cluster: Cluster, asked: Object, how: How) -> Object:
    """Wait until it is done, where that is wanted; returns the SampleDB as it is then."""
    if not how.wait:
        current().note("it goes on by itself; 'sampledb status' shows how, --wait waits for it")
        return asked
    return await_rest(cluster, asked, how.limit)


def carry_out(settings: Settings, name: str, spec: Mapping[str, Any], how: How) -> Object | None:
    """Print the edit or make it, and wait where that is wanted.

    Returns the SampleDB as it is then; None when the edit was only printed.
    """
    if how.show:
        click.echo(printed(settings, name, spec))
        return None
    with opened(settings, name) as (cluster, found):
        refuse_deleting(found)
        if all(at(found, "spec", *path) == at(spec, *path) for path in leaves(spec)):
            current().note("the spec says so already")
            return follow(cluster, found, how)
        return follow(cluster, ask(cluster, found, spec, how), how)


def _refuse_applied(found: Object, spec: Mapping[str, Any]) -> None:
    for path in leaves(spec):
        owner = _applier_of(found, path)
        if owner:
            field = ".".join(("spec", *path))
            finding = Finding(
                rule=Rule.CLUSTER,
                field=field,
                problem=f"{owner} applies it from Git, and would undo an edit made here",
                remedy="make the edit in Git (--print shows it), or give --force",
                key=str(key_in(found)),
            )
            raise CommandError(finding, exit_code=Exit.REFUSED)


def leaves(spec: Mapping[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    """The path of each value in `spec`."""
    for name, value in spec.items():
        if isinstance(value, Mapping):
            yield from leaves(value, *above, name)
        else:
            yield (*above, name)


def _applier_of(found: Object, path: tuple[str, ...]) -> str:
    """The GitOps tool that owns a field of the spec; "" when none does."""
    for entry in found["metadata"].get("managedFields") or ():
        manager = str(entry.get("manager", ""))
        fields: Any = entry.get("fieldsV1")
        for part in ("spec", *path):
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
