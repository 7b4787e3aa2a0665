"""Flags that set settings, and `Settings` made of flags, environment and file."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click

from renderer.cli.findings import CommandError, Finding, Rule, from_details
from renderer.cli.sources import placed
from renderer.core.documents import Document, one
from renderer.core.errors import InvalidError
from renderer.settings import Entry, Settings, entries, load

FLAGS: dict[str, tuple[str, ...]] = {
    "repository.url": ("--repository",),
    "repository.branch": ("--branch",),
    "repository.path": ("--path",),
    "repository.authorName": ("--author-name",),
    "repository.authorEmail": ("--author-email",),
    "repository.committerName": ("--committer-name",),
    "repository.committerEmail": ("--committer-email",),
    "repository.username": ("--username",),
    "repository.tokenFile": ("--token-file",),
    "repository.caFile": ("--ca-file",),
    "repository.sshKeyFile": ("--ssh-key-file",),
    "repository.knownHostsFile": ("--known-hosts-file",),
    "repository.signingKeyFile": ("--signing-key-file",),
    "repository.commit": ("--commit-mode",),
    "repository.cache": ("--cache",),
    "repository.timeout": ("--timeout",),
    "guard.removals": ("--max-removals",),
    "guard.percent": ("--max-removal-percent",),
    "delivery.tool": ("--delivery",),
    "delivery.namespace": ("--delivery-namespace",),
    "delivery.project": ("--argocd-project",),
    "delivery.destination": ("--argocd-destination",),
    "delivery.sourceName": ("--flux-source",),
    "delivery.repositoryUrl": ("--delivery-repository",),
    "delivery.interval": ("--flux-interval",),
    "cluster.name": ("--cluster-name",),
    "cluster.kubeconfig": ("--kubeconfig",),
    "cluster.context": ("--context",),
    "cluster.namespace": ("--namespace", "-n"),
    "controller.workers": ("--workers",),
    "controller.resync": ("--resync",),
    "controller.fetch": ("--fetch-interval",),
    "controller.debounce": ("--debounce",),
    "controller.leaderElection": ("--leader-elect/--no-leader-elect",),
    "controller.leaseName": ("--lease-name",),
    "controller.leaseNamespace": ("--lease-namespace",),
    "controller.metricsAddress": ("--metrics-address",),
    "controller.healthAddress": ("--health-address",),
    "templates": ("--templates",),
    "image": ("--image",),
}
"""Which flag sets which setting. docs/settings.md is checked against this table."""

LAYOUT = ("repository.path", "delivery.*", "templates", "image")
"""What decides which files a SampleDB becomes."""
READ = (
    "repository.url",
    "repository.branch",
    "repository.username",
    "repository.tokenFile",
    "repository.caFile",
    "repository.sshKeyFile",
    "repository.knownHostsFile",
    "repository.cache",
    "repository.timeout",
)
"""What it takes to read a repository."""
CLUSTER = ("cluster.kubeconfig", "cluster.context", "cluster.namespace")
FILES = frozenset({"cluster.kubeconfig"})


def with_settings(*keys: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --config and the flags of `keys` (`repository.*` for all of a group).

    The command gets one argument, `settings`. Settings that have no flag here still
    come from the file and the environment.
    """
    chosen = [entry for entry in entries() if _matches(entry.key, keys)]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(config: str | None, **arguments: Any) -> Any:  # noqa: ANN401 - handed on as they are
            flags = {entry.key: arguments.pop(_argument(entry.key)) for entry in chosen}
            given = {key: value for key, value in flags.items() if value is not None}
            return function(settings=resolve(config, given, os.environ), **arguments)

        for entry in reversed(chosen):
            wrapped = _flag(entry)(wrapped)
        return click.option(
            "--config",
            metavar="FILE",
            envvar="SAMPLEDB_CONFIG",
            help="Settings as YAML; flags and SAMPLEDB_* variables win over it.",
        )(wrapped)

    return decorate


def _matches(key: str, keys: tuple[str, ...]) -> bool:
    return any(key == wanted or f"{key.partition('.')[0]}.*" == wanted for wanted in keys)


def _argument(key: str) -> str:
    return "setting_" + key.replace(".", "_").lower()


def _flag(entry: Entry) -> Callable[..., Any]:
    kind = entry.kind
    more: dict[str, Any] = {"type": str, "metavar": _metavar(entry)}
    if get_origin(kind) is Literal:
        more = {"type": click.Choice(list(get_args(kind)))}
    elif kind is bool:
        more = {}
    default = "" if entry.default in {"", None} else f"  [default: {_shown(entry.default)}]"
    return click.option(
        *FLAGS[entry.key], _argument(entry.key), default=None, help=entry.help + default, **more
    )


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:g}s" if isinstance(default, float) else str(default)


def _metavar(entry: Entry) -> str:
    if entry.key.endswith("File") or entry.key in FILES:
        return "FILE"
    if entry.key in {"templates", "repository.cache"}:
        return "DIR"
    if isinstance(entry.default, float):
        return "DURATION"
    return "N" if isinstance(entry.default, int) else "TEXT"


def resolve(
    config: str | None,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    *,
    check_files: bool = True,
) -> Settings:
    """Read the file, if one is named, and merge the three sources."""
    document: Document | None = None
    try:
        if config:
            document = one(Path(config).read_bytes(), source=config)
        return load(
            document.value if document else None,
            file_name=config or "",
            environment=environment,
            flags=flags,
            check_files=check_files,
        )
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        finding = Finding(
            rule=Rule.SETTINGS,
            file=config or "",
            problem=problem,
            remedy="correct --config or SAMPLEDB_CONFIG",
        )
        raise CommandError(finding) from error
    except InvalidError as error:
        raise CommandError(*_findings(error, document, config or "")) from error


def _findings(error: InvalidError, document: Document | None, file: str) -> tuple[Finding, ...]:
    """Give the errors of the file their line; name the flag for those of the command line."""
    if document is None and file:
        return placed(error, file=file)
    return tuple(
        _origin(finding, document, file) for finding in from_details(error.details, Rule.SETTINGS)
    )


def _origin(finding: Finding, document: Document | None, file: str) -> Finding:
    origin, _, key = finding.field.rpartition(": ")
    if origin == file and document is not None:
        return replace(finding, field=key, file=file, line=document.line(key))
    if origin == "command line":
        return replace(finding, field=FLAGS[key][0])
    return replace(finding, field=origin or key)
