"""A changed configuration is tried before it is rolled out: the old one is in force until then.

The record holds what the server starts with. What a spec asks for beyond that comes into the
record when a Job has started the server's own programs with it, or when there is no server
that it could keep from running.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.operations import results, roles
from renderer.core.operations.step import Situation, Step, Verdict, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def taken(record: Record, desired: Desired) -> Record:
    """The configuration that the spec asks for is the one to start with: by a new Pod."""
    if record.configuration == desired.configuration:
        return record
    return replace(record, configuration=desired.configuration, started=None, unread=False)


def known(record: Record, desired: Desired) -> Record:
    """A record of a release that kept no configuration: the spec's is the one in force."""
    return record if record.configuration is not None else taken(record, desired)


def differs(record: Record, desired: Desired) -> bool:
    """True when the spec asks for another configuration than the one in force."""
    return record.configuration is not None and record.configuration != desired.configuration


def mended(verdict: Verdict, situation: Situation) -> Record:
    """A server that can't start has nothing to lose: it gets what the spec asks for now."""
    record, problem = situation.record, verdict.problem
    down = problem is not None and problem.reason == "PodFailed"
    return taken(record, situation.desired) if down else record


def _accepted(record: Record, situation: Situation, _facts: Mapping[str, object]) -> Record:
    return taken(record, situation.desired)


CHECK = Step(
    name="Check",
    phase=Phase.CONFIGURING,
    title="try the changed configuration",
    awaits="the server's own programs have started with it",
    roles=roles.with_job(Role.TOOLS, Role.CHECK),
    proof=results.accepted,
    on_failure="ConfigurationRefused, with the server's words: the server runs on as it is",
    learn=_accepted,
    release=running,
    needed=lambda situation: differs(situation.record, situation.desired),
)
"""Needs no server: it may be stopped."""
