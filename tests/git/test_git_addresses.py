"""Addresses and settings of a remote, before anything is asked of it."""

from __future__ import annotations

import pytest

from renderer.core.errors import InvalidError
from renderer.git.remote import Remote, Token, Transport, redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://git.example.com/a.git", "https://git.example.com/a.git"),
        ("https://u:p@git.example.com/a.git", "https://git.example.com/a.git"),
        ("https://ghp_token@git.example.com/a.git", "https://git.example.com/a.git"),
        ("ssh://git@git.example.com/a.git", "ssh://git@git.example.com/a.git"),
        ("ssh://git:p@git.example.com/a.git", "ssh://git.example.com/a.git"),
        ("git@git.example.com:a.git", "git@git.example.com:a.git"),
        ("fatal: 'https://u:p%40@h/a' not found", "fatal: 'https://h/a' not found"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("https://h/a.git", Transport.HTTP),
        ("HTTP://h/a.git", Transport.HTTP),
        ("ssh://git@h:2222/a.git", Transport.SSH),
        ("git@h:a/b.git", Transport.SSH),
        ("h.example.com:a.git", Transport.SSH),
        ("git@[::1]:a.git", Transport.SSH),
        ("/srv/git/a.git", Transport.LOCAL),
        ("../a.git", Transport.LOCAL),
        ("file:///srv/git/a.git", Transport.LOCAL),
    ],
)
def test_every_kind_of_address_is_told_apart(url: str, transport: Transport) -> None:
    remote = Remote(url=url)
    assert remote.transport is transport
    assert (remote.address == url) == (url != "../a.git")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"url": "https://u:p@h/a"}, id="password in the address"),
        pytest.param({"url": "https://token@h/a"}, id="token in the address"),
        pytest.param({"url": "https://h/a?private_token=x"}, id="token in the query"),
        pytest.param({"url": "ext::sh -c x"}, id="program"),
        pytest.param({"url": "git://h/a"}, id="unauthenticated protocol"),
        pytest.param({"url": "-oProxyCommand=x"}, id="option"),
        pytest.param({"url": ""}, id="empty"),
        pytest.param({"url": "https://h/a\nb"}, id="line break"),
        pytest.param({"url": "http://h/a", "credentials": Token()}, id="token without TLS"),
        pytest.param({"url": "/a", "credentials": Token()}, id="token for a path"),
        pytest.param({"url": "/a", "branch": "a..b"}, id="branch with dots"),
        pytest.param({"url": "/a", "branch": "-x"}, id="branch like an option"),
        pytest.param({"url": "/a", "branch": "a b"}, id="branch with a space"),
        pytest.param({"url": "/a", "branch": "x.lock"}, id="branch like a lock"),
        pytest.param({"url": "/a", "path": "../x"}, id="path that leaves"),
    ],
)
def test_settings_that_can_not_work_are_refused_at_once(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidError) as told:
        Remote(**settings)  # type: ignore[arg-type] # fields of Remote
    assert ":p@" not in str(told.value)
    assert "token@" not in str(told.value)
    assert "=x" not in str(told.value) or "ProxyCommand" in str(told.value)
