"""Pods as clusters really have them → why they aren't ready."""

from __future__ import annotations

import pytest
from cluster_objects import Object, item

from renderer.cluster import pods


def container(**state: Object) -> Object:
    return {"name": "postgres", "ready": False} | state


@pytest.mark.parametrize(
    ("status", "words"),
    [
        pytest.param(
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available: 3 Insufficient memory.",
                    }
                ],
            },
            "Unschedulable: 0/3 nodes are available: 3 Insufficient memory.",
            id="unschedulable",
        ),
        pytest.param(
            {
                "phase": "Pending",
                "containerStatuses": [
                    container(
                        state={
                            "waiting": {
                                "reason": "ImagePullBackOff",
                                "message": 'Back-off pulling image "postgres:99"',
                            }
                        }
                    )
                ],
            },
            'ImagePullBackOff: Back-off pulling image "postgres:99" (container postgres)',
            id="image",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [
                    container(
                        state={
                            "waiting": {
                                "reason": "CrashLoopBackOff",
                                "message": "back-off 20s restarting failed container",
                            }
                        },
                        lastState={
                            "terminated": {
                                "exitCode": 1,
                                "reason": "Error",
                                "message": "FATAL: lock file\n",
                            }
                        },
                    )
                ],
            },
            "CrashLoopBackOff: back-off 20s restarting failed container; last time: exit code 1:"
            " FATAL: lock file (container postgres)",
            id="crash loop, with the container's last words",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [
                    container(
                        state={"running": {}},
                        lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    )
                ],
            },
            "OOMKilled, exit code 137 (container postgres)",
            id="out of memory, running again",
        ),
        pytest.param(
            {
                "phase": "Pending",
                "initContainerStatuses": [
                    container(state={"terminated": {"exitCode": 2, "reason": "Error"}})
                ],
                "containerStatuses": [container(state={"waiting": {"reason": "PodInitializing"}})],
            },
            "exit code 2 (container postgres)",
            id="init container",
        ),
        pytest.param(
            {
                "phase": "Pending",
                "initContainerStatuses": [container(name="fetch", state={"running": {}})],
                "containerStatuses": [container(state={"waiting": {"reason": "PodInitializing"}})],
                "conditions": [
                    {
                        "type": "Initialized",
                        "status": "False",
                        "reason": "ContainersNotInitialized",
                        "message": "containers with incomplete status: [fetch]",
                    }
                ],
            },
            "the init container fetch is at work",
            id="init container at work",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."},
            "Evicted: The node was low on memory.",
            id="evicted",
        ),
        pytest.param(
            {
                "phase": "Pending",
                "containerStatuses": [
                    container(state={"waiting": {"reason": "ContainerCreating"}})
                ],
            },
            "",
            id="starting",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [container(state={"running": {}})],
                "conditions": [
                    {"type": "PodScheduled", "status": "True"},
                    {
                        "type": "ContainersReady",
                        "status": "False",
                        "message": "containers with unready status: [postgres]",
                    },
                ],
            },
            "containers with unready status: [postgres]",
            id="not ready yet",
        ),
        pytest.param(
            {"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]},
            "",
            id="done",
        ),
    ],
)
def test_a_pod_says_why_it_is_not_ready_in_the_clusters_own_words(
    status: Object, words: str
) -> None:
    assert pods.message(status) == words


def test_a_ready_pod_has_nothing_to_say() -> None:
    seen = pods.pod(
        item(
            "orders-0",
            labels={"sampledb.dev/role": "statefulset"},
            annotations={"sampledb.dev/content-hash": "abc"},
            metadata={"deletionTimestamp": "2026-11-24T03:00:00Z"},
            status={
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [
                    container(lastState={"terminated": {"exitCode": 1, "message": "earlier"}})
                ],
            },
        )
    )
    assert (seen.role, seen.template_hash, seen.phase) == ("statefulset", "abc", "Running")
    assert seen.ready
    assert seen.deleting
    assert seen.message == ""
