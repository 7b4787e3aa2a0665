"""Which repository, as whom, and with which credentials.

A secret never stands in an address: it is read from a file or a variable when a
command needs it, handed to Git through that command's environment, and kept nowhere.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from renderer.core import layout
from renderer.core.errors import invalid

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SCP = re.compile(r"(?:[^/@:\s]+@)?(\[[^\]/]+\]|[^/:@\s]+):(?!//)\S+")
_BAD_BRANCH = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[./-]|[./]$|\.lock(/|$)|^@$|^$"
)


class Transport(Enum):
    """How the repository is reached."""

    LOCAL = "local"
    HTTP = "http"
    SSH = "ssh"


_SCHEMES = {
    "file": Transport.LOCAL,
    "http": Transport.HTTP,
    "https": Transport.HTTP,
    "ssh": Transport.SSH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A name and an address, as they stand in a commit."""

    name: str = "sampledb-renderer"
    email: str = "sampledb-renderer@users.noreply.sampledb.dev"

    def __post_init__(self) -> None:
        """Refuse what would leave nothing: Git takes no commit from nobody."""
        name, _, email = str(self).rpartition(" ")
        if not name or email == "<>":
            raise invalid(
                "needs a name and an address",
                field="git.author",
                value=f"{self.name} <{self.email}>",
                remedy='such as "Deployer <deployer@example.com>"',
            )

    def __str__(self) -> str:
        """`Name <address>`, without the characters that Git gives a meaning to."""
        name, email = (re.sub(r"[<>\x00-\x1f]+", " ", text) for text in (self.name, self.email))
        return f"{' '.join(name.split())} <{''.join(email.split())}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshKey:
    """An SSH private key, and the file of host keys that are trusted (and no others)."""

    key: Path
    known_hosts: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A user's token or password for HTTP, in a file or in an environment variable.

    It is sent over TLS only; loopback addresses need none.
    """

    user: str = "git"
    file: Path | None = None
    variable: str = ""

    def read(self) -> str:
        """Read the token, afresh each time, so that a rotated one is taken up."""
        source = f"file {self.file}" if self.file else f"variable {self.variable}"
        try:
            text = self.file.read_text() if self.file else os.environ.get(self.variable, "")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it isn't text"
            msg = f"the Git token can't be read from {source}: {reason}"
            raise invalid(
                msg,
                field="credentials.token",
                remedy="mount the Secret that holds it, or correct the name",
            ) from None
        token = text.strip()
        if not token or "\n" in token or "\0" in token:
            msg = f"the Git token in {source} is {'empty' if not token else 'more than one line'}"
            raise invalid(
                msg,
                field="credentials.token",
                remedy="put the token alone there, on one line",
            )
        return token


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the network may take, and how often a moved branch is tried again."""

    stall: int = 30
    """Seconds without a byte after which a transfer is given up."""
    command: float = 300.0
    """Seconds after which any network command is killed."""
    answer: float = 60.0
    """The same for the question where the branch stands, which is answered in a moment: a host
    that drops packets would be waited for as long as the system tries to connect, minutes."""
    attempts: int = 8
    """Pushes tried in one publish while others move the branch."""
    first_pause: float = 0.1
    """Seconds; doubled at each attempt, with jitter."""
    longest_pause: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One branch of one repository, and the part of it that we write."""

    url: str
    branch: str = "main"
    path: str = ""
    """The directory that holds `databases/` and `apps/`; `""` is the repository's root."""
    author: Identity = field(default_factory=Identity)
    committer: Identity = field(default_factory=Identity)
    credentials: SshKey | Token | None = None
    signing_key: Path | None = None
    """SSH private key (or its public half, with an agent) that commits are signed with."""
    authority: Path | None = None
    """PEM file of the certificate authorities trusted for HTTPS, instead of the system's."""
    commit_each: bool = False
    """One commit for each change, instead of one for a whole publish."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse what can't work, or what would leak, before anything is started."""
        object.__setattr__(self, "path", layout.prefix(self.path))
        if _BAD_BRANCH.search(self.branch):
            raise invalid(
                "isn't a branch name that Git accepts",
                field="git.branch",
                value=self.branch,
                remedy="give the name without refs/heads/, such as main",
            )
        transport = self.transport
        _check_secrets(self.url)
        if isinstance(self.credentials, Token):
            self._check_token(transport)
        elif self.credentials is not None and transport is not Transport.SSH:
            raise invalid(
                "an SSH key is of no use for this address",
                field="git.url",
                value=redact(self.url),
                remedy="give an ssh:// address, or a user and a token",
            )

    def _check_token(self, transport: Transport) -> None:
        if transport is not Transport.HTTP:
            problem, remedy = "a token is of no use for this address", "give an https:// address"
        elif self.url.lower().startswith("https:") or urlsplit(self.url).hostname in _LOOPBACK:
            return
        else:
            problem = "the token would travel unencrypted"
            remedy = "give an https:// address; repository.caFile is for a certificate of your own"
        raise invalid(problem, field="git.url", value=redact(self.url), remedy=remedy)

    @property
    def transport(self) -> Transport:
        """How the address is reached; raises `InvalidError` for one that is not supported."""
        scheme, colon, _ = self.url.partition("://")
        good = self.url.isprintable() and not self.url.startswith("-")
        if good and colon and scheme.lower() in _SCHEMES:
            return _SCHEMES[scheme.lower()]
        if good and not colon and _SCP.fullmatch(self.url) and not Path(self.url).exists():
            return Transport.SSH
        if not good or not self.url or colon or "::" in self.url:
            raise invalid(
                "isn't an address of a Git repository that can be used",
                field="git.url",
                value=redact(self.url),
                remedy="give https://…, ssh://…, user@host:path, file://… or a local path",
            )
        return Transport.LOCAL

    @property
    def address(self) -> str:
        """The address to hand to Git, which runs in a directory of its own."""
        if self.transport is Transport.LOCAL and "://" not in self.url:
            return str(Path(self.url).absolute())
        return self.url

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"

    def __str__(self) -> str:
        """The address as it may be shown."""
        return redact(self.url)


def redact(text: str) -> str:
    """Return `text` (an address, or a message with addresses in it) without passwords or tokens."""
    return re.sub(r"([a-zA-Z][a-zA-Z0-9+.-]*://)[^/@\s'\"]*@(?=\S)", _without_password, text)


def _without_password(found: re.Match[str]) -> str:
    scheme = found.group(1)
    user = found.group(0)[len(scheme) : -1]
    keep = scheme.lower() == "ssh://" and ":" not in user
    return f"{scheme}{user}@" if keep else scheme


def _check_secrets(url: str) -> None:
    if "://" not in url:
        return
    parts = urlsplit(url)
    web = parts.scheme.lower() in {"http", "https"}
    if parts.password is None and not (web and (parts.username or parts.query)):
        return
    shown = urlunsplit(parts._replace(query="", fragment=""))
    raise invalid(
        "must not carry a user, a password or a token: addresses are shown and logged",
        field="git.url",
        value=redact(shown),
        remedy="give the user and the token by a file or an environment variable",
    )
