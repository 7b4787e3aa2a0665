"""The environment that git runs in: nothing of the user's or the system's settings.

Settings are given by `GIT_CONFIG_COUNT` and its companions (git-config manual page,
"ENVIRONMENT"), which a command line and therefore a process listing does not show.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from renderer.core.errors import invalid
from renderer.git.remote import Remote, SshKey, Token, Transport

_BASE = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ADVICE": "0",
}
_SETTINGS = (
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("core.hooksPath", os.devnull),
    ("core.compression", "1"),  # twice as fast, a tenth larger
    ("core.logAllRefUpdates", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("submodule.recurse", "false"),
    ("protocol.version", "2"),
    ("credential.helper", ""),
    ("http.sslVerify", "true"),
    ("http.followRedirects", "initial"),
    ("http.lowSpeedLimit", "1"),
)
_HELPER = (
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
    '"$SAMPLEDB_GIT_USER" "$SAMPLEDB_GIT_TOKEN"; }; f'
)
PROMISOR = (("remote.origin.promisor", "true"), ("remote.origin.partialclonefilter", "blob:none"))
"""Told only to fetches: with these, any other command would fetch a missing blob by itself,
one at a time; without them it says that the blob is missing."""


def local() -> dict[str, str]:
    """For commands that stay on this machine."""
    return _BASE | _numbered(_SETTINGS)


def network(remote: Remote, *, fetching: bool = False) -> dict[str, str]:
    """For commands that talk to the remote: reads the token, when there is one.

    Raises:
        InvalidError: the token, the key or the known_hosts file can't be read.
    """
    settings = [*_SETTINGS, ("http.lowSpeedTime", str(remote.limits.stall))]
    if fetching:
        settings += PROMISOR
    if remote.authority:
        settings.append(("http.sslCAInfo", str(remote.authority)))
    extra: dict[str, str] = {}
    match remote.credentials:
        case Token() as token:
            parts = urlsplit(remote.url)
            server = f"{parts.scheme}://{parts.netloc}"
            settings.append((f"credential.{server}.helper", _HELPER))
            extra = {"SAMPLEDB_GIT_USER": token.user, "SAMPLEDB_GIT_TOKEN": token.read()}
        case SshKey() as key:
            _check(key.key, "credentials.sshKey")
            _check(key.known_hosts, "credentials.knownHosts")
            extra = {"GIT_SSH_COMMAND": shlex.join(_ssh(key, remote.limits.stall))}
        case None if remote.transport is Transport.SSH:
            extra = {"GIT_SSH_COMMAND": shlex.join(["ssh", *_ssh_basics(remote.limits.stall)])}
        case None:
            pass
    return _BASE | _numbered(settings) | extra


def unwanted() -> tuple[str, ...]:
    """Inherited variables that would change what git does; to be unset."""
    return tuple(
        name
        for name in os.environ
        if (name.startswith("GIT_") and not name.startswith("GIT_PYTHON_") and name not in _BASE)
        or name in {"SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"}
    )


def _check(file: Path, field: str) -> None:
    """Ssh goes on without a file that it can't read, and then says something else."""
    if not os.access(file, os.R_OK):
        raise invalid(
            "can't be read",
            field=field,
            value=str(file),
            remedy="mount the Secret that holds it, or correct the path",
        )


def _ssh(key: SshKey, stall: int) -> Sequence[str]:
    return [
        *("ssh", "-F", os.devnull, "-i", str(key.key.absolute())),
        *_options(
            f'UserKnownHostsFile="{key.known_hosts.absolute()}"',
            f"GlobalKnownHostsFile={os.devnull}",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
        ),
        *_ssh_basics(stall),
    ]


def _ssh_basics(stall: int) -> list[str]:
    return _options(
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        f"ConnectTimeout={stall}",
        f"ServerAliveInterval={max(1, stall // 3)}",
        "ServerAliveCountMax=3",
    )


def _options(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("-o", setting)]


def _numbered(settings: Iterable[tuple[str, str]]) -> dict[str, str]:
    pairs = list(settings)
    found = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found
