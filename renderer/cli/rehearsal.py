"""What an edit of the spec would lead to, decided as the controller decides; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from renderer.cli.console import current
from renderer.cli.forecast import Commit, commits, decided
from renderer.cli.looking import Look
from renderer.cli.one import written
from renderer.cli.seen import clock
from renderer.core.desired import Desired
from renderer.core.errors import invalid
from renderer.core.plan import Plan, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The plan for a spec that may be, and the commits that carry it out."""

    desired: Desired
    plan: Plan
    commits: tuple[Commit, ...]

    def show(self, output: str) -> None:
        """Print the commits to come."""
        key = str(self.desired.key)
        if output != "text":
            shown = {
                "sampledb": key,
                "why": self.plan.why,
                "commits": [one.shown() for one in self.commits],
            }
            click.echo(written(shown, output))
            return
        if not self.commits:
            click.echo(f"{key}: no commit follows: {self.plan.why}")
            return
        count = len(self.commits)
        click.echo(f"{key}: {count} commits, each made when the one before is proved\n")
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
    desired, plan = decided(look, wanted, now)
    problem = plan.problem
    underway = look.held.record.underway if look.held.record else None
    if problem is not None and problem.trouble is Trouble.STALLED and not plan.record:
        field, found, words = problem.message.partition(": ")
        raise invalid(words if found else field, field=field if found else "")
    if underway is not None:
        current().note(f"{underway.id} is under way at step {underway.step}")
    return Rehearsal(desired=desired, plan=plan, commits=commits(look, desired, plan, now))
