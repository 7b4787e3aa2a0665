"""`sampledb logs`: what the server, or an operation's Job, has written."""

from __future__ import annotations

import sys

import click

from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, opened
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import at
from renderer.cluster.cache import key_of
from renderer.cluster.client import Cluster, Object, Scope
from renderer.cluster.kinds import PODS
from renderer.core.errors import invalid
from renderer.core.layout import JOBS, NAME_LABEL, ROLE_LABEL, Role
from renderer.settings import Settings

_EXAMPLES = """
sampledb logs team-a/orders --tail 20

# what the backup, the upgrade or the init SQL is doing
sampledb logs team-a/orders --job -f
"""
_SILENCE = 24 * 3600.0
"""Seconds that a followed log may be silent."""
_JOBS = {role.value for role in JOBS} | {Role.BACKUP.value}


@new_command("logs", examples=_EXAMPLES)
@name_argument
@click.option("--job", is_flag=True, help="The Job's that is under way, or the last one's.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the container ends.")
@click.option(
    "--tail", type=click.IntRange(min=0), metavar="LINES", help="Only the last lines; default all."
)
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, job: bool, follow: bool, tail: int | None) -> int:
    """Show the server's log, or with --job that of the operation's Job.

    It is read from the cluster with your own rights: the verb get on pods/log.
    """
    with opened(settings, name) as (cluster, found):
        pod = _newest(cluster, found, job=job)
        metadata = pod["metadata"]
        current().detail(f"the log of Pod {metadata['name']}")
        query = {"container": _at_work(pod)}
        if follow:
            query["follow"] = "true"
        if tail is not None:
            query["tailLines"] = str(tail)
        silence = {"silence": _SILENCE} if follow else {}
        for piece in cluster.log(metadata["namespace"], metadata["name"], query, **silence):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    return Exit.OK


def _newest(cluster: Cluster, found: Object, *, job: bool) -> Object:
    """The Pod whose log is wanted. Raises `InvalidError` when there is none."""
    key = key_of(found)
    wanted = _JOBS if job else {Role.SERVER.value}
    scope = Scope(namespace=key.namespace, labels=f"{NAME_LABEL}={key.name}")
    pods = [pod for pod in cluster.list(PODS, scope)[0] if _role(pod) in wanted]
    running = at(found, "status", "operation", "job") if job else ""
    mine = [pod for pod in pods if running and pod["metadata"]["name"].startswith(f"{running}-")]
    if not pods:
        raise invalid(
            "no Pod of a Job is there" if job else "the server's Pod isn't there",
            field=str(key),
            remedy="'sampledb status' shows what is under way",
        )
    return max(mine or pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))


def _at_work(pod: Object) -> str:
    """The name of the init container that has begun and not succeeded, else of the first one."""
    for each in (pod.get("status") or {}).get("initContainerStatuses") or ():
        state = each.get("state") or {}
        if "running" in state or (state.get("terminated") or {}).get("exitCode", 0) != 0:
            return str(each["name"])
    return str(pod["spec"]["containers"][0]["name"])


def _role(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(ROLE_LABEL, ""))
