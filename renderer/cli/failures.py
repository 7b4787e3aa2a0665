"""Which exit code goes with an error, and how it is told."""

from __future__ import annotations

import contextlib
import sys

import click

from renderer.cli.exits import Exit
from renderer.cli.findings import CommandError, Finding, Rule, from_details
from renderer.core.errors import InvalidError, TransientError

_REFUSALS = (
    "AuthenticationError",
    "ProtectedError",
    "RewrittenError",
    "OwnedByAnotherError",
    "RemovalError",
)
"""Errors of `renderer.git.errors` with which a repository says no."""
_DENIED = "DeniedError"
"""The error of `renderer.cluster.failure` with which a cluster says no."""


def explain(error: BaseException) -> tuple[tuple[Finding, ...], Exit]:
    """Say what is wrong in words, and which exit code goes with it."""
    if isinstance(error, CommandError):
        return error.findings, error.exit_code
    if isinstance(error, click.ClickException):
        return (Finding(rule=Rule.INPUT, problem=_usage(error)),), Exit.INVALID
    if _refused(error):
        return from_details(error.details, Rule.REPOSITORY), Exit.REFUSED  # type: ignore[attr-defined] # _refused: it is one of ours
    if isinstance(error, InvalidError):
        return from_details(error.details, Rule.INPUT), Exit.INVALID
    if isinstance(error, TransientError):
        cluster = type(error).__module__.startswith("renderer.cluster")
        rule = Rule.CLUSTER if cluster else Rule.REPOSITORY
        denied = cluster and type(error).__name__ == _DENIED
        return from_details(error.details, rule), Exit.REFUSED if denied else Exit.TRANSIENT
    if isinstance(error, OSError) and error.filename:
        problem = (error.strerror or str(error)).lower()
        return (Finding(rule=Rule.INPUT, file=str(error.filename), problem=problem),), Exit.INVALID
    return (
        Finding(
            rule=Rule.INPUT,
            problem=f"this is a fault in sampledb: {type(error).__name__}: {error}",
            remedy="run it again with --debug and report the traceback",
        ),
    ), Exit.BUG


def _usage(error: click.ClickException) -> str:
    text = error.format_message().rstrip(".")
    text = text[:1].lower() + text[1:]
    context = getattr(error, "ctx", None)
    with contextlib.suppress(AttributeError):
        return f"{text}; see '{context.command_path} --help'"  # type: ignore[union-attr] # None has no command_path: suppressed
    return text


def _refused(error: BaseException) -> bool:
    """Whether it is a repository's refusal; asked without importing Git for every command."""
    errors = sys.modules.get("renderer.git.errors")
    kinds = tuple(getattr(errors, name) for name in _REFUSALS) if errors else ()
    return isinstance(error, kinds)
