"""`sampledb` and `kubectl sampledb`: the list of commands, and what an error looks like.

This module imports click and nothing heavy, so that --help answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import PurePath
from typing import NoReturn

import click

from renderer.cli.commands import Entry, LazyGroup, PipeClosedError
from renderer.cli.console import Console
from renderer.cli.exits import Exit
from renderer.cli.failures import explain

_FILES = "With files and Git, no cluster needed"
_CLUSTER = "With a cluster"
_VERBS = "Operations on one SampleDB"
_MORE = "More"

ENTRIES = {
    "render": Entry(
        place="renderer.cli.render:command",
        section=_FILES,
        summary="Turn SampleDBs into manifests, on stdout or in a folder.",
    ),
    "diff": Entry(
        place="renderer.cli.diff:command",
        section=_FILES,
        summary="Show what a commit would change in the repository.",
    ),
    "check": Entry(
        place="renderer.cli.check:command",
        section=_FILES,
        summary="Find what is wrong in SampleDBs and rendered folders.",
    ),
    "commit": Entry(
        place="renderer.cli.commit:command",
        section=_FILES,
        summary="Render, commit and push, once.",
    ),
    "templates": Entry(
        place="renderer.cli.templates:group",
        section=_FILES,
        summary="List and check template packs.",
    ),
    "tombstones": Entry(
        place="renderer.cli.tombstones:command",
        section=_FILES,
        summary="List the SampleDBs that were deleted, and what was kept.",
    ),
    "run": Entry(
        place="renderer.cli.run:command",
        section=_CLUSTER,
        summary="Run the controller.",
    ),
    "get": Entry(
        place="renderer.cli.get:command",
        section=_CLUSTER,
        summary="List SampleDBs, one line each.",
    ),
    "status": Entry(
        place="renderer.cli.status:command",
        section=_CLUSTER,
        summary="Show how far one SampleDB is, and what to do.",
    ),
    "history": Entry(
        place="renderer.cli.history:command",
        section=_CLUSTER,
        summary="List what has been done to one SampleDB.",
    ),
    "plan": Entry(
        place="renderer.cli.plan:command",
        section=_CLUSTER,
        summary="Show the next commit, and what it waits for.",
    ),
    "doctor": Entry(
        place="renderer.cli.doctor:command",
        section=_CLUSTER,
        summary="Explain why one SampleDB isn't healthy, and what to do.",
    ),
    "logs": Entry(
        place="renderer.cli.podlogs:command",
        section=_CLUSTER,
        summary="Show the server's log, or that of the operation's Job.",
    ),
    "backup": Entry(
        place="renderer.cli.backup:command",
        section=_VERBS,
        summary="Take one backup now, and show its proof.",
    ),
    "upgrade": Entry(
        place="renderer.cli.upgrade:command",
        section=_VERBS,
        summary="Go to another version; --dry-run shows each commit.",
    ),
    "restore": Entry(
        place="renderer.cli.restore:command",
        section=_VERBS,
        summary="Restore a backup into a new volume; the old one is kept.",
    ),
    "confirm": Entry(
        place="renderer.cli.confirm:command",
        section=_VERBS,
        summary="Confirm the last restore: the old volume goes.",
    ),
    "approve": Entry(
        place="renderer.cli.approve:command",
        section=_VERBS,
        summary="Approve the dangerous step that an upgrade waits at.",
    ),
    "rotate": Entry(
        place="renderer.cli.rotate:command",
        section=_VERBS,
        summary="Set new passwords, in a new Secret.",
    ),
    "hibernate": Entry(
        place="renderer.cli.hibernate:hibernate",
        section=_VERBS,
        summary="Stop the server, keep the volumes.",
    ),
    "wake": Entry(
        place="renderer.cli.hibernate:wake",
        section=_VERBS,
        summary="Start the server again.",
    ),
    "resize": Entry(
        place="renderer.cli.resize:command",
        section=_VERBS,
        summary="Let the data volume grow.",
    ),
    "crd": Entry(
        place="renderer.cli.crd:command",
        section=_CLUSTER,
        summary="Print the CustomResourceDefinition.",
    ),
    "install": Entry(
        place="renderer.cli.install:command",
        section=_CLUSTER,
        summary="Print everything that the controller needs in a cluster.",
    ),
    "demo": Entry(
        place="renderer.cli.demo:command",
        section=_MORE,
        summary="Watch a SampleDB go all the way round, on this machine.",
    ),
    "version": Entry(
        place="renderer.cli.version:command",
        section=_MORE,
        summary="Print the version.",
    ),
    "completion": Entry(
        place="renderer.cli.completion:command",
        section=_MORE,
        summary="Print the completion script of a shell.",
    ),
}

_EXAMPLES = """
# see what would be applied
sampledb render examples/minimal.yaml

# refuse what is wrong, before it is merged
sampledb check databases/

# render, commit and push, without a cluster
sampledb commit databases/ --repository git@github.com:example/deploy.git
"""

ROOT = LazyGroup(
    name="sampledb",
    entries=ENTRIES,
    examples=_EXAMPLES,
    help="SampleDB resources in, reviewable commits out; Argo CD or Flux applies them.",
)


def program(path: str) -> str:
    """The name to show: kubectl starts a plug-in as `kubectl-sampledb`."""
    name = PurePath(path).name.replace("_", "-")
    return "kubectl sampledb" if name.startswith("kubectl-sampledb") else "sampledb"


def main() -> NoReturn:
    """Run the command line and leave the process."""
    sys.exit(run(sys.argv[1:], name=program(sys.argv[0])))


def run(arguments: Sequence[str], *, name: str = "sampledb") -> int:
    """Run one command line and return its exit code; errors are printed."""
    console = Console()
    try:
        result = ROOT.main(
            args=list(arguments),
            prog_name=name,
            complete_var="_SAMPLEDB_COMPLETE",
            standalone_mode=False,
            obj=console,
        )
        sys.stdout.flush()
    except (BrokenPipeError, PipeClosedError):
        # Python flushes stdout once more at its end: give it somewhere to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.INVALID
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug has an exit code too
        if console.debug:
            traceback.print_exc()
        findings, code = explain(error)
        console.error(findings, exit_code=code)
        return code
    return int(result or 0)
