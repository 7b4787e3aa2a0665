"""A mounted ConfigMap follows its object while the Pod runs, whole at once, as with the kubelet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Lab

MOUNT = {"volumeMounts": [{"name": "files", "mountPath": "/files"}]}
VOLUMES: list[dict[str, Any]] = [{"name": "files", "configMap": {"name": "files"}}]


def write(lab: Lab, **data: str) -> None:
    found = lab.get("configmaps", "files")
    if found is None:
        document = {"metadata": {"name": "files", "namespace": "team-a"}, "data": data}
        lab.store.create("configmaps", document)
        return
    lab.objects.change("configmaps", found, lambda live: live.update(data=data))


def test_a_pod_that_runs_sees_the_changed_files_and_those_that_came_and_went(lab: Lab) -> None:
    write(lab, a="1", gone="x")
    script = 'cd "$AT"; until test "$(cat a)" = 2; do sleep 0.1; done; cat a b; ls'
    lab.pod(
        "one",
        script,
        container={**MOUNT, "env": [{"name": "AT", "value": "/files"}]},
        volumes=VOLUMES,
    )
    lab.until_pod("one", lambda pod: pod["status"].get("phase") == "Running")
    write(lab, a="2", b="3")
    assert lab.ended("one")["exitCode"] == 0
    assert lab.node.log("team-a", "one") == "23a\nb\n"


def test_a_config_map_that_is_gone_leaves_what_it_had(lab: Lab) -> None:
    write(lab, a="1")
    script = 'cd "$AT"; until test "$(cat a)" = 2; do sleep 0.1; done'
    lab.pod(
        "one",
        script,
        container={**MOUNT, "env": [{"name": "AT", "value": "/files"}]},
        volumes=VOLUMES,
    )
    lab.until_pod("one", lambda pod: pod["status"].get("phase") == "Running")
    lab.objects.delete("configmaps", lab.get("configmaps", "files") or {})
    write(lab, a="2")
    assert lab.ended("one")["exitCode"] == 0
