"""The cluster itself: a Pod as strict as ours runs, finds names, and tells how it ended."""

from __future__ import annotations

import os
import subprocess

import pytest
from e2e import leftovers
from e2e.appliers.kubectl import Kubectl
from e2e.pods import finished, last_words, restricted_pod, strict_namespace

_SCRIPT = """
nslookup kubernetes.default.svc.cluster.local
touch /data/written
touch /refused || echo read-only
echo -n "done well" > /dev/termination-log
"""


@pytest.mark.usefixtures("cluster")
def test_a_restricted_pod_runs_and_its_last_words_are_read(kubectl: Kubectl) -> None:
    space = strict_namespace(kubectl, "strict")
    kubectl.apply(restricted_pod("one", space, _SCRIPT))

    assert last_words(finished(kubectl, "one", space)) == ("Succeeded", "done well")
    said = kubectl.run("logs", "-n", space, "one")
    assert "10.96.0.1" in said
    assert "read-only" in said


def test_a_killed_process_that_nobody_has_waited_for_is_gone() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert leftovers.start_time(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert leftovers.start_time(child.pid) == ""
