"""A changed parameter reaches a server that runs, by the real kubelet, without another Pod."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from e2e.deployed.shop import Shop
from open_session import open_session

NAME = "reloaded"


def session(shop: Shop) -> AbstractContextManager[Callable[[str], str]]:
    """A session that an application in another Pod keeps open."""
    kubectl = [str(shop.kubectl.program), "--kubeconfig", str(shop.kubectl.kubeconfig)]
    inside = ["exec", "-i", "-n", shop.team, f"{NAME}-client", "--", "psql"]
    return open_session([*kubectl, *inside], os.environ)


def _pod(shop: Shop) -> dict[str, Any]:
    return shop.kubectl.get("pod", f"{NAME}-0", shop.team) or {}


def _identity(shop: Shop) -> tuple[str, str, int]:
    """Which Pod it is, since when its container runs, and how often it was started again."""
    pod = _pod(shop)
    (container,) = pod["status"]["containerStatuses"]
    since = container["state"]["running"]["startedAt"]
    return pod["metadata"]["uid"], since, container["restartCount"]


def test_an_open_session_sees_a_changed_parameter_and_the_pod_stays(shop: Shop) -> None:
    shop.handover.create(NAME, version="18", parameters={"work_mem": "5MB"})
    shop.settled(NAME)
    shop.open_client(NAME)
    before = _identity(shop)
    with session(shop) as ask:
        assert ask("SHOW work_mem") == "5MB"
        shop.change(NAME, parameters={"work_mem": "6MB"})
        shop.settled(NAME)
        assert ask("SHOW work_mem") == "6MB"
    assert _identity(shop) == before
    assert shop.subjects(NAME)[-3:] == [
        "configure, step 1 of 3: try the changed configuration",
        "configure, step 2 of 3: reload the configuration, without a restart",
        "configure, step 3 of 3: the changed spec is in force",
    ]


def test_a_pod_that_is_deleted_comes_back_with_what_was_reloaded(shop: Shop) -> None:
    before = _identity(shop)
    shop.kubectl.run("delete", "pod", f"{NAME}-0", "-n", shop.team)
    shop.until(lambda: _pod(shop) and _pod(shop)["metadata"]["uid"] != before[0], "another Pod")
    shop.until(lambda: shop.holds(NAME, "Ready"), "Ready")
    assert shop.query(NAME, "SHOW work_mem") == "6MB"


def test_what_needs_a_restart_gets_one_and_is_named(shop: Shop) -> None:
    before = _identity(shop)
    shop.change(NAME, parameters={"work_mem": "6MB", "max_locks_per_transaction": "80"})
    shop.settled(NAME)
    assert shop.query(NAME, "SHOW max_locks_per_transaction") == "80"
    assert _identity(shop)[0] != before[0]
    step = "step 2 of 3: apply the changed spec"
    restart = f"configure with a restart for max_locks_per_transaction, {step}"
    assert shop.subjects(NAME)[-2] == restart
    shop.handover.kubectl.run("delete", "pod", f"{NAME}-client", "-n", shop.team)
