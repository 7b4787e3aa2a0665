"""The repository of the settings, opened for one command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from renderer import wiring
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.core.errors import Detail
from renderer.core.layout import owner_file
from renderer.git import scratch
from renderer.git.errors import OwnedByAnotherError
from renderer.git.fence import Owner
from renderer.git.repository import Repository, Ways
from renderer.settings import Settings


@contextlib.contextmanager
def opened(settings: Settings, *, to_write: bool = False) -> Iterator[Repository]:
    """Open the repository and fetch; without repository.cache, in a temporary folder."""
    if not settings.repository.url:
        raise CommandError(not_set())
    name = settings.cluster.name
    owner = Owner(cluster=name) if name and to_write else None
    ways = Ways(owner=owner, removals=wiring.removals(settings))
    with contextlib.ExitStack() as stack:
        cache = settings.repository.cache or stack.enter_context(scratch.folder())
        found = stack.enter_context(Repository.open(wiring.remote(settings), Path(cache), ways))
        if to_write:
            _refuse_foreign(found, settings)
        yield found


def _refuse_foreign(found: Repository, settings: Settings) -> None:
    """Refuse to write where a controller does: two writers would undo each other's work."""
    path = owner_file(settings.repository.path)
    if settings.cluster.name:
        found.check_owner()
    elif found.read(path) is not None:
        raise OwnedByAnotherError(
            Detail(
                problem="a controller writes to this path, and there can be only one writer",
                field=path,
                remedy="use another --path or --branch, or stop the controller and remove it",
            )
        )


def not_set() -> Finding:
    """Build the finding that no repository is set."""
    return Finding(
        rule=Rule.SETTINGS,
        field="repository.url",
        problem="no repository is set",
        remedy="give --repository URL, SAMPLEDB_REPOSITORY_URL or repository.url in --config",
    )
