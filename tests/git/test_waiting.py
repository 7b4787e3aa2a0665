"""A host that gives no answer at all: how long it is waited for."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from renderer.git.errors import UnreachableError
from renderer.git.remote import Limits, Remote
from renderer.git.repository import Repository


def test_a_host_that_drops_packets_is_left_before_the_system_gives_up(
    opened: Callable[..., Repository],
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(2):  # whoever comes now, waits until one of these is accepted
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/deploy.git"
        with pytest.raises(UnreachableError, match=r"took more than 1 s and was stopped"):
            opened(Remote(url=url, limits=Limits(answer=1)))
