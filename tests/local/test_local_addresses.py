"""Every Pod has a loopback address of its own, and two runs never share one."""

from __future__ import annotations

import socket

import pytest

from renderer.core.errors import InvalidError
from renderer.local.addresses import Addresses


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_address_stays_with_the_name_of_its_pod() -> None:
    addresses = Addresses(port=_free_port())
    first = addresses.of("team-a", "orders-0")
    others = {addresses.of("team-a", f"pod-{number}") for number in range(600)}
    assert len(others) == 600
    assert first not in others
    assert addresses.of("team-a", "orders-0") == first
    addresses.close()


def test_two_runs_take_different_blocks() -> None:
    runs = [Addresses(port=_free_port()) for _ in range(20)]
    assert len({run.of("team-a", "orders-0") for run in runs}) == 20
    for run in runs:
        run.close()


def test_a_port_taken_on_every_address_is_refused_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen(1)
        with pytest.raises(InvalidError, match="listen_addresses to localhost"):
            Addresses(port=taken.getsockname()[1])
