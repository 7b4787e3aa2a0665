"""`sampledb hibernate` and `sampledb wake`: the server's sleep."""

from __future__ import annotations

import click

from renderer.cli.asking import How, asking_options, carry_out
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at
from renderer.cluster.cache import key_of
from renderer.settings import Settings

_HIBERNATE = """
sampledb hibernate team-a/orders --wait

# every SampleDB of a namespace, for the night
kubectl get sampledb -n team-a -o name | cut -d/ -f2 | xargs -n1 sampledb hibernate -n team-a

# the SampleDB is in Git: print the edit and commit it there
sampledb hibernate team-a/orders --print
"""
_WAKE = """
sampledb wake team-a/orders --wait

# the SampleDB is in Git: print the edit and commit it there
sampledb wake team-a/orders --print
"""


@new_command("hibernate", examples=_HIBERNATE)
@name_argument
@asking_options
@with_settings(*CLUSTER)
def hibernate(*, settings: Settings, name: str, how: How) -> int:
    """Stop the server and keep its volumes: set spec.hibernate to true.

    A SampleDB that lies in Git itself is edited there; --print shows the edit. What Argo CD
    or Flux applies from Git is not edited here, unless --force is given.
    """
    return _set(settings, name, how, to=True)


@new_command("wake", examples=_WAKE)
@name_argument
@asking_options
@with_settings(*CLUSTER)
def wake(*, settings: Settings, name: str, how: How) -> int:
    """Start the server of a SampleDB that hibernates: set spec.hibernate to false.

    A SampleDB that lies in Git itself is edited there; --print shows the edit. What Argo CD
    or Flux applies from Git is not edited here, unless --force is given.
    """
    return _set(settings, name, how, to=False)


def _set(settings: Settings, name: str, how: How, *, to: bool) -> int:
    done = carry_out(settings, name, {"hibernate": to}, how)
    if done is not None:
        said = at(done.after, "status", "message") if how.wait else "the controller is told"
        click.echo(f"{key_of(done.after)}: {said}")
    return Exit.OK
