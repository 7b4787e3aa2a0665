"""What an edit of the spec would lead to, decided as the controller decides; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from renderer.cli.console import current
from renderer.cli.forecast import NOTHING, Commit, Server, commits, decided
from renderer.cli.looking import Look, lender_of
from renderer.cli.one import written
from renderer.cli.seen import clock
from renderer.core.desired import Desired
from renderer.core.errors import invalid
from renderer.core.operations import downtime
from renderer.core.plan import Plan, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The plan for a spec that may be, and the commits that carry it out."""

    desired: Desired
    plan: Plan
    commits: tuple[Commit, ...]
    downtime: str
    """What is known of how long the server will be away; "" when it isn't away."""

    def show(self, output: str) -> None:
        """Print the commits to come."""
        key = str(self.desired.key)
        if output != "text":
            shown = {
                "sampledb": key,
                "why": self.plan.why,
                "downtime": self.downtime,
                "commits": [one.shown() for one in self.commits],
            }
            click.echo(written(shown, output))
            return
        if not self.commits:
            click.echo(f"{key}: no commit follows: {self.plan.why}")
            return
        count = len(self.commits)
        click.echo(f"{key}: {count} commits, each made when the one before is proved")
        if self.downtime:
            click.echo(f"downtime: {self.downtime}")
        click.echo()
        for number, one in enumerate(self.commits, 1):
            click.echo("\n".join(one.lines(number)))


def dry_run_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --dry-run."""
    return click.option(
        "--dry-run", is_flag=True, help="Show the commits to come, and change nothing."
    )(function)


def rehearse(look: Look, spec: Mapping[str, Any]) -> Rehearsal:
    """What follows from these fields of the spec.

    Raises `InvalidError`, in the core's own words, for what can't be done.
    """
    now = clock()
    wanted = {**look.found, "spec": {**look.found["spec"], **spec}}
    seen = replace(look.observed, lender=lender_of(look.cluster, wanted))
    look = replace(look, observed=seen)
    desired, plan = decided(look, wanted, now)
    problem = plan.problem
    underway = look.held.record.underway if look.held.record else None
    if problem is not None and problem.trouble is Trouble.STALLED and not plan.record:
        field, found, words = problem.message.partition(": ")
        raise invalid(words if found else field, field=field if found else "")
    if underway is not None:
        current().note(f"{underway.id} is under way at step {underway.step}")
    coming = commits(look, desired, plan, now)
    return Rehearsal(
        desired=desired, plan=plan, commits=coming, downtime=_downtime(look, desired, plan, coming)
    )


def _downtime(look: Look, desired: Desired, plan: Plan, coming: tuple[Commit, ...]) -> str:
    """In which commits the server is away, and what is known of how long."""
    away = [n for n, one in enumerate(coming, 1) if one.server in {Server.STOPS, Server.DOWN}]
    restarts = [n for n, one in enumerate(coming, 1) if one.server is Server.RESTARTS]
    parts = [f"from commit {away[0]} until commit {away[-1] + 1} is proved"] if away else []
    parts += [f"while the Pod is replaced, in commit {n}" for n in restarts]
    if not parts:
        return ""
    underway = plan.record.underway if plan.record else None
    record = replace(look.held.record or NOTHING, underway=underway)
    known = downtime.expected(record, desired)
    return "; ".join((*parts, known or "nothing was measured yet"))
