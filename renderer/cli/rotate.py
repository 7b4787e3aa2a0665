"""`sampledb rotate`: new passwords."""

from __future__ import annotations

import click

from renderer.cli.asking import How, asking_options, carry_out, moment, refuse_sleeping
from renderer.cli.commands import command as new_command
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at
from renderer.cli.waiting import failed
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.core.errors import invalid
from renderer.settings import Settings

_EXAMPLES = """
# ends with the name of the new Secret
sampledb rotate team-a/orders --wait

# the SampleDB is in Git: print the edit and commit it there
sampledb rotate team-a/orders --print
"""


@new_command("rotate", examples=_EXAMPLES)
@name_argument
@asking_options
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, how: How) -> int:
    """Set new passwords: set spec.credentials.rotation.requestedAt to the time.

    They are in a new Secret, which status.binding.name names; the server restarts once. The
    old passwords let nobody in from then on. A SampleDB that lies in Git itself is edited
    there; --print shows the edit. What Argo CD or Flux applies from Git is not edited here,
    unless --force is given.
    """
    spec = {"credentials": {"rotation": {"requestedAt": moment()}}}
    done = carry_out(settings, name, spec, how, _refuse)
    if done is None:
        return Exit.OK
    key, told = key_of(done.after), "the controller is told"
    if how.wait:
        old, new = (at(one, "status", "binding", "name") for one in (done.before, done.after))
        if new == old:
            raise failed(key, f"the controller is done, and {old} is still in force")
        told = f"the new passwords are in Secret {new}; those in {old} let nobody in any more"
    click.echo(f"{key}: {told}")
    return Exit.OK


def _refuse(found: Object) -> None:
    refuse_sleeping(found, "a stopped server can't be given new passwords")
    source = at(found, "spec", "credentials", "source")
    if source == "Existing":
        raise invalid(
            "the passwords are in a Secret of your own, which only you can make anew",
            field="spec.credentials.source",
            value=source,
            remedy="make another Secret and name it in spec.credentials.secretName: its "
            "passwords are set then",
        )
