"""Leader election: never two, whatever the server and the network do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from renderer.cluster.client import Object
from renderer.cluster.lease import Elector, Terms
from renderer.core.errors import InvalidError
from renderer.core.layout import Key

KEY = Key(namespace="sampledb-system", name="sampledb-renderer")
SHORT = Terms(duration=1.5, deadline=0.8, retry=0.2)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class LeaseServer:
    """One Lease, with resourceVersions and conflicts as the API server has them."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.lease: Object | None = None
        self.version = 0
        self.fault: Callable[[Any], Any] = lambda _: None

    def __call__(self, request: Any) -> Any:
        fault = self.fault(request)
        if fault is not None:
            return fault
        if request.method == "GET":
            return self.answer(body=self.lease) if self.lease else self.answer(code=404, body={})
        sent = request.body["metadata"].get("resourceVersion")
        if (self.lease is not None) != (request.method == "PUT") or sent != self._current():
            return self.answer(code=409, body={"reason": "Conflict"})
        self.version += 1
        metadata = {**request.body["metadata"], "resourceVersion": str(self.version)}
        self.lease = request.body | {"metadata": metadata}
        return self.answer(body=self.lease)

    def _current(self) -> str | None:
        return self.lease["metadata"]["resourceVersion"] if self.lease else None

    @property
    def holder(self) -> str:
        return str(self.lease["spec"]["holderIdentity"]) if self.lease else ""


@pytest.fixture
def leases(server: Any, answer: Any) -> LeaseServer:
    server.script = LeaseServer(answer)
    return server.script  # type: ignore[no-any-return]  # set the line above


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def elector(server: Any, told: list[str]) -> Callable[..., Elector]:
    def build(name: str, clock: Callable[[], float], terms: Terms = SHORT) -> Elector:
        return Elector(
            server.cluster(),
            KEY,
            name,
            gained=lambda: told.append(f"{name} gained"),
            lost=lambda _why: told.append(f"{name} lost"),
            terms=terms,
            clock=clock,
        )

    return build


def test_the_first_takes_the_lease_and_renews_it(
    leases: LeaseServer, elector: Any, told: list[str]
) -> None:
    clock = Clock()
    one = elector("one", clock)
    assert one.attempt()
    clock.now += 0.5
    assert one.attempt()
    clock.now += 0.5
    assert one.leading
    assert told == ["one gained"]
    assert leases.lease is not None
    spec = leases.lease["spec"]
    assert spec["holderIdentity"] == "one"
    assert spec["leaseTransitions"] == 0
    assert spec["leaseDurationSeconds"] == 2


def test_another_takes_over_only_when_the_lease_has_not_changed_for_its_duration(
    leases: LeaseServer, elector: Any, told: list[str]
) -> None:
    here, there = Clock(), Clock()
    there.now = 5000.0  # the two clocks have nothing in common
    one, two = elector("one", here), elector("two", there)
    assert one.attempt()
    assert not two.attempt()
    there.now += 1.9
    one.attempt()  # renewed: two must wait anew
    assert not two.attempt()
    there.now += 1.9
    assert not two.attempt()
    there.now += 0.2
    assert two.attempt()
    assert leases.holder == "two"
    assert leases.lease is not None
    assert leases.lease["spec"]["leaseTransitions"] == 1
    assert not one.attempt()
    assert told == ["one gained", "two gained", "one lost"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"code": 500, "body": {}}, id="500"),
        pytest.param({"code": 403, "body": {}}, id="forbidden"),
        pytest.param({"cut": True}, id="reset"),
        pytest.param({"hang": 5.0, "body": {}}, id="hung"),
    ],
)
def test_a_holder_that_cannot_renew_gives_up_before_others_may_take_over(
    leases: LeaseServer, elector: Any, told: list[str], answer: Any, fault: dict[str, Any]
) -> None:
    clock = Clock()
    one = elector("one", clock)
    one.attempt()
    leases.fault = lambda _: answer(**fault)
    clock.now += 0.7
    assert one.attempt()  # still ours: nobody else may take it before 2 s
    one.check()
    clock.now += 0.1
    assert not one.leading  # at once, without waiting for anybody to look
    one.check()
    one.check()
    assert told == ["one gained", "one lost"]


def test_an_answer_that_comes_after_the_deadline_proves_nothing(
    leases: LeaseServer, elector: Any, told: list[str]
) -> None:
    clock = Clock()
    one = elector("one", clock)

    def slow(_request: Any) -> Any:
        clock.now += 0.5  # the request is sent now, and answered half a second later
        return None

    leases.fault = slow
    assert not one.attempt()
    one.check()
    assert told == []


def test_a_conflict_means_that_somebody_else_wrote_and_ends_the_lead(
    leases: LeaseServer, elector: Any, told: list[str], answer: Any
) -> None:
    one = elector("one", Clock())
    one.attempt()
    leases.fault = lambda r: answer(code=409, body={}) if r.method == "PUT" else None
    assert not one.attempt()
    assert told == ["one gained", "one lost"]


def test_a_lost_answer_to_a_renewal_that_was_made_does_not_end_the_lead(
    leases: LeaseServer, elector: Any, told: list[str], answer: Any
) -> None:
    clock = Clock()
    one = elector("one", clock)
    one.attempt()

    def lose(request: Any) -> Any:
        if request.method != "PUT":
            return None
        leases.fault = lambda _: None
        leases(request)
        return answer(cut=True)

    leases.fault = lose
    assert one.attempt()
    clock.now += 0.5
    assert one.attempt()
    assert told == ["one gained"]


def test_a_clean_stop_releases_the_lease_so_that_another_need_not_wait(
    leases: LeaseServer, elector: Any, told: list[str], eventually: Any
) -> None:
    calm = Terms(duration=6.0, deadline=4.0, retry=0.5)
    one, two = elector("one", time.monotonic, calm), elector("two", time.monotonic, calm)
    one.start()
    eventually(lambda: one.leading)
    two.start()
    one.stop()
    assert leases.holder in {"", "two"}
    eventually(lambda: two.leading)
    two.stop()
    assert leases.holder == ""
    assert told == ["one gained", "two gained"]


def test_a_hung_server_does_not_keep_the_holder_from_noticing(
    leases: LeaseServer, elector: Any, told: list[str], answer: Any, eventually: Any
) -> None:
    terms = Terms(duration=3.0, deadline=0.5, retry=0.4)
    one = elector("one", time.monotonic, terms)
    one.start()
    eventually(lambda: one.leading)
    leases.fault = lambda _: answer(hang=10.0, body={})
    eventually(lambda: "one lost" in told, 2.0)
    assert not one.leading
    one.stop(0.1)


def test_terms_under_which_two_could_hold_it_are_refused() -> None:
    with pytest.raises(InvalidError, match="two could hold"):
        Terms(duration=10.0, deadline=10.0, retry=2.0)
