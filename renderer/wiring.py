"""From settings to the things that they describe: one place, for every shell."""

from __future__ import annotations

from pathlib import Path

from renderer.core import emit, layout
from renderer.core.errors import invalid
from renderer.core.layout import Key
from renderer.delivery import Handoff, Tool, app
from renderer.git.guard import Removals
from renderer.git.remote import Identity, Limits, Remote, SshKey, Token
from renderer.reconcile import Packs, Place
from renderer.settings import Settings


def remote(settings: Settings) -> Remote:
    """The repository to write to. Raises `InvalidError` for settings that can't work."""
    chosen = settings.repository
    author = Identity(name=chosen.author_name, email=chosen.author_email)
    return Remote(
        url=chosen.url,
        branch=chosen.branch,
        path=chosen.path,
        author=author,
        committer=Identity(
            name=chosen.committer_name or author.name,
            email=chosen.committer_email or author.email,
        ),
        credentials=_credentials(settings),
        signing_key=_path(chosen.signing_key_file),
        authority=_path(chosen.ca_file),
        commit_each=chosen.commit == "each",
        limits=Limits(command=chosen.timeout),
    )


def _credentials(settings: Settings) -> SshKey | Token | None:
    chosen = settings.repository
    if chosen.token_file:
        return Token(user=chosen.username, file=Path(chosen.token_file))
    if not chosen.ssh_key_file:
        return None
    if not chosen.known_hosts_file:
        raise invalid(
            "is needed with repository.sshKeyFile: host keys are always checked",
            field="repository.knownHostsFile",
            remedy="write one with ssh-keyscan, compare it with the host's published key, "
            "and give its path",
        )
    return SshKey(key=Path(chosen.ssh_key_file), known_hosts=Path(chosen.known_hosts_file))


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def removals(settings: Settings) -> Removals:
    """How much one push may remove."""
    return Removals(directories=settings.guard.removals, percent=settings.guard.percent)


def handoff(settings: Settings) -> Handoff:
    """How Applications or Kustomizations are to look."""
    chosen = settings.delivery
    tool = Tool(chosen.tool)
    repository = chosen.repository_url or settings.repository.url
    if tool is Tool.ARGOCD and not repository:
        raise invalid(
            "is needed: Argo CD's Applications name the repository that they read from",
            field="delivery.repositoryUrl",
            remedy="give --delivery-repository URL or --repository URL",
        )
    return Handoff(
        tool=tool,
        repository=repository,
        branch=settings.repository.branch,
        namespace=chosen.namespace,
        project=chosen.project,
        destination=chosen.destination,
        source=chosen.source_name,
        interval=round(chosen.interval),
    )


def place(settings: Settings) -> Place:
    """Where in the repository SampleDBs go, with the file in `apps/` that hands them over."""
    how = handoff(settings)
    path = layout.prefix(settings.repository.path)

    def app_of(key: Key, final: bool) -> bytes | None:  # noqa: FBT001 - the shape of AppOf
        found = app(how, key, layout.directory(path, key), final=final)
        return None if found is None else emit.dump(found)

    return Place(path=path, app=app_of)


def packs(settings: Settings) -> Packs:
    """The template packs, of the user's folder or built in."""
    return Packs(directory=_path(settings.templates), image=settings.image)
