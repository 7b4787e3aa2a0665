"""Settings, turned into what the layers below take: a remote, a place, template packs."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from renderer import delivery
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.core import emit
from renderer.core.errors import invalid
from renderer.core.layout import Key, directory, owner_file
from renderer.delivery import Handoff, Tool
from renderer.git.fence import Owner
from renderer.git.guard import Removals
from renderer.git.remote import Identity, Limits, Remote, SshKey, Token
from renderer.git.repository import Repository, Ways
from renderer.reconcile import Packs, Place
from renderer.settings import Settings


def packs(settings: Settings) -> Packs:
    """The template packs to use."""
    return Packs(directory=Path(settings.templates) if settings.templates else None)


def place(settings: Settings) -> Place:
    """Where files go, and what lies in `apps/`."""
    path = settings.repository.path
    handoff = _handoff(settings)

    def app(key: Key, final: bool) -> bytes | None:  # noqa: FBT001 - the signature of AppOf
        found = delivery.app(handoff, key, directory(path, key), final=final)
        return emit.dump(found) if found is not None else None

    return Place(path=path, app=app)


def _handoff(settings: Settings) -> Handoff:
    wanted = settings.delivery
    tool = Tool(wanted.tool)
    repository = wanted.repository_url or settings.repository.url
    if tool is Tool.ARGOCD and not repository:
        raise invalid(
            "Argo CD's Applications name the repository that they read from",
            field="delivery.repositoryUrl",
            remedy="give --delivery-repository URL or --repository URL",
        )
    return Handoff(
        tool=tool,
        repository=repository,
        branch=settings.repository.branch,
        namespace=wanted.namespace,
        project=wanted.project,
        destination=wanted.destination,
        source=wanted.source_name,
        interval=int(wanted.interval),
    )


def remote(settings: Settings) -> Remote:
    """The repository's branch, as whom, and with which credentials."""
    given = settings.repository
    author = Identity(name=given.author_name, email=given.author_email)
    return Remote(
        url=given.url,
        branch=given.branch,
        path=given.path,
        author=author,
        committer=Identity(
            name=given.committer_name or author.name, email=given.committer_email or author.email
        ),
        credentials=_credentials(settings),
        signing_key=Path(given.signing_key_file) if given.signing_key_file else None,
        authority=Path(given.ca_file) if given.ca_file else None,
        commit_each=given.commit == "each",
        limits=Limits(command=given.timeout),
    )


def _credentials(settings: Settings) -> SshKey | Token | None:
    given = settings.repository
    if given.token_file:
        return Token(user=given.username, file=Path(given.token_file))
    if not given.ssh_key_file:
        return None
    if not given.known_hosts_file:
        raise invalid(
            "the server's host key must be known: it is always checked",
            field="repository.knownHostsFile",
            remedy="write it there with ssh-keyscan, and compare it with the one the host shows",
        )
    return SshKey(key=Path(given.ssh_key_file), known_hosts=Path(given.known_hosts_file))


@contextlib.contextmanager
def repository(settings: Settings, *, to_write: bool = False) -> Iterator[Repository]:
    """Open the repository of the settings; without repository.cache, in a temporary folder."""
    if not settings.repository.url:
        raise CommandError(no_repository())
    limits = settings.guard
    ways = Ways(
        owner=Owner(cluster=settings.cluster.name) if settings.cluster.name else None,
        removals=Removals(directories=limits.removals, percent=limits.percent),
    )
    with contextlib.ExitStack() as stack:
        cache = settings.repository.cache or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="sampledb-")
        )
        found = stack.enter_context(Repository.open(remote(settings), Path(cache), ways))
        if to_write:
            _refuse_foreign(found, settings)
        yield found


def _refuse_foreign(found: Repository, settings: Settings) -> None:
    """Refuse to write where a controller does, unless the caller says that it is the same one."""
    path = owner_file(settings.repository.path)
    if not settings.cluster.name and found.read(path) is not None:
        raise invalid(
            "a controller writes to this path, and there can be only one writer",
            field=path,
            remedy="use another --path or --branch, or stop the controller and remove the file",
        )


def no_repository() -> Finding:
    """Build the finding that no repository is set."""
    return Finding(
        rule=Rule.SETTINGS,
        field="repository.url",
        problem="no repository is set",
        remedy="give --repository URL, SAMPLEDB_REPOSITORY_URL or repository.url in --config",
    )
