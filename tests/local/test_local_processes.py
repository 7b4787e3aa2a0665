"""Containers as processes: what they see, how they end, and what is said about it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Lab

Object = dict[str, Any]
MESSAGE = {"name": "RESULT", "value": "/dev/termination-log"}


def thing(name: str, **data: str) -> Object:
    return {"metadata": {"name": name, "namespace": "team-a"}, "data": data}


def test_a_pod_that_exits_zero_has_succeeded_with_its_termination_message(lab: Lab) -> None:
    lab.pod("one", 'echo out; echo err >&2; echo told > "$RESULT"', container={"env": [MESSAGE]})
    ended = lab.ended("one")
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (0, "Completed", "told\n")
    assert lab.node.log("team-a", "one") == "out\nerr\n"
    pod = lab.get("pods", "one")
    assert pod
    assert pod["status"]["podIP"].startswith("127.")
    assert pod["spec"]["nodeName"] == "laptop"


ENDS = {
    "exit-code": ("exit 7", {}, 7, ""),
    "signal": ("kill -TERM $$", {}, 143, ""),
    "message-is-cut": ('head -c 9000 /dev/zero | tr "\\0" x > "$RESULT"', {}, 0, "x" * 4096),
    "logs-on-error": (
        "echo first; echo last; exit 1",
        {"terminationMessagePolicy": "FallbackToLogsOnError"},
        1,
        "first\nlast\n",
    ),
    "no-logs-on-success": (
        "echo first",
        {"terminationMessagePolicy": "FallbackToLogsOnError"},
        0,
        "",
    ),
}


@pytest.mark.parametrize(
    ("script", "more", "code", "message"),
    [pytest.param(*value, id=key) for key, value in ENDS.items()],
)
def test_the_end_of_a_process_is_told_as_the_kubelet_tells_it(
    lab: Lab, script: str, more: Object, code: int, message: str
) -> None:
    lab.pod("one", script, container={"env": [MESSAGE]} | more)
    ended = lab.ended("one")
    assert ended["exitCode"] == code
    assert ended["reason"] == ("Completed" if code == 0 else "Error")
    assert ended.get("message", "") == message


STUCK = {
    "unknown-image": ({"image": "postgres:99"}, "ImagePullBackOff", "postgres:99: not found"),
    "other-image": ({"image": "busybox:1"}, "ImagePullBackOff", "busybox:1: not found"),
    "no-secret": (
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}]},
        "CreateContainerConfigError",
        'secret "no" not found',
    ),
    "no-key": (
        {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "some", "key": "k"}}}]},
        "CreateContainerConfigError",
        "couldn't find key k in ConfigMap team-a/some",
    ),
    "no-config-map": (
        {"envFrom": [{"configMapRef": {"name": "no"}}]},
        "CreateContainerConfigError",
        'configmap "no" not found',
    ),
}


@pytest.mark.parametrize(
    ("container", "reason", "said"), [pytest.param(*value, id=key) for key, value in STUCK.items()]
)
def test_a_container_that_cannot_start_says_why_in_the_kubelets_words(
    lab: Lab, container: Object, reason: str, said: str
) -> None:
    lab.store.create("configmaps", thing("some"))
    lab.pod("one", "true", container=container)
    assert said in lab.waiting("one", reason)["message"]


def test_a_missing_secret_that_comes_later_lets_the_container_start(lab: Lab) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]
    lab.pod("one", 'test "$A" = v', container={"env": env})
    lab.waiting("one", "CreateContainerConfigError")
    secret = {"metadata": {"name": "late", "namespace": "team-a"}, "stringData": {"k": "v"}}
    lab.store.create("secrets", secret)
    assert lab.ended("one")["exitCode"] == 0


def test_a_pod_waits_for_its_claim_and_for_its_volumes(lab: Lab) -> None:
    volumes: list[Object] = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "late"}},
        {"name": "conf", "configMap": {"name": "conf"}},
    ]
    lab.pod("one", "true", volumes=volumes)

    def unscheduled(pod: Object) -> bool:
        return any(
            entry["reason"] == "Unschedulable" and '"late" not found' in entry["message"]
            for entry in pod["status"].get("conditions", ())
            if entry["status"] == "False"
        )

    lab.until_pod("one", unscheduled)
    claim = {
        "metadata": {"name": "late", "namespace": "team-a"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    lab.store.create("persistentvolumeclaims", claim)
    lab.waiting("one", "ContainerCreating")
    lab.store.create("configmaps", thing("conf"))
    assert lab.ended("one")["exitCode"] == 0
    live = lab.get("persistentvolumeclaims", "late")
    assert live
    assert live["status"]["phase"] == "Bound"
    assert live["status"]["capacity"] == {"storage": "1Gi"}


def test_a_claim_of_an_unknown_storage_class_stays_pending(lab: Lab) -> None:
    claim = {
        "metadata": {"name": "c", "namespace": "team-a"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    lab.store.create("persistentvolumeclaims", claim)
    lab.until(lambda: (lab.get("persistentvolumeclaims", "c") or {})["metadata"].get("finalizers"))
    live = lab.get("persistentvolumeclaims", "c")
    assert live
    assert live["status"]["phase"] == "Pending"
    meta = {"name": "fast"}
    lab.store.create("storageclasses.storage.k8s.io", {"metadata": meta, "provisioner": "x"})
    lab.until(lambda: (lab.get("persistentvolumeclaims", "c") or {})["status"]["phase"] == "Bound")


def test_a_crashing_container_backs_off_and_keeps_its_last_words(lab: Lab) -> None:
    script = 'echo why > "$RESULT"; exit 3'
    lab.pod("one", script, container={"env": [MESSAGE]}, restartPolicy="Always")
    said = lab.waiting("one", "CrashLoopBackOff")["message"]
    assert "restarting failed container=main pod=one_team-a(" in said
    pod = lab.until_pod("one", lambda p: p["status"]["containerStatuses"][0]["restartCount"] > 1)
    last = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["exitCode"], last["message"]) == (3, "why\n")


def test_init_containers_run_in_order_and_share_a_volume(lab: Lab) -> None:
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    env = [{"name": "FILE", "value": "/shared/steps"}]

    def step(name: str) -> Object:
        return {
            "name": name,
            "image": "postgres:18",
            "command": ["/bin/sh", "-c", f'echo {name} >> "$FILE"'],
            "env": env,
            "volumeMounts": mounts,
        }

    lab.pod(
        "one",
        'cat "$FILE"',
        container={"env": env, "volumeMounts": mounts},
        initContainers=[step("first"), step("second")],
        volumes=[{"name": "shared", "emptyDir": {}}],
    )
    assert lab.ended("one")["exitCode"] == 0
    assert lab.node.log("team-a", "one", "main") == "first\nsecond\n"


def test_a_failed_init_container_fails_a_pod_that_is_never_restarted(lab: Lab) -> None:
    init = {"name": "init", "image": "postgres:18", "command": ["/bin/false"]}
    lab.pod("one", "true", initContainers=[init])
    pod = lab.until_pod("one", lambda p: p["status"].get("phase") == "Failed")
    assert "waiting" in pod["status"]["containerStatuses"][0]["state"]


def test_a_program_that_is_not_there_is_a_start_error(lab: Lab) -> None:
    lab.pod("one", "", container={"command": ["/no/such/program"]})
    ended = lab.ended("one")
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert 'exec: "/no/such/program"' in ended["message"]


def test_stopping_runs_the_pre_stop_hook_then_signals_then_kills(lab: Lab) -> None:
    hook = {"exec": {"command": ["/bin/sh", "-c", "echo hook >> /shared/out"]}}
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    hook["exec"]["command"] = ["/bin/sh", "-c", 'echo hook; echo hook >> "$OUT"']
    env = [{"name": "OUT", "value": "/shared/out"}]
    script = 'trap "" INT TERM; echo up; while :; do cat "$OUT" 2>/dev/null; sleep 0.1; done'
    container = {
        "lifecycle": {"preStop": hook},
        "env": env,
        "volumeMounts": mounts,
        "readinessProbe": {"exec": {"command": ["/bin/true"]}},
    }
    lab.pod(
        "one",
        script,
        container=container,
        volumes=[{"name": "shared", "emptyDir": {}}],
        restartPolicy="Always",
        terminationGracePeriodSeconds=1,
    )
    lab.until_pod("one", lambda p: p["status"].get("containerStatuses", [{}])[0].get("ready"))
    lab.store.delete("pods", "one", "team-a")
    lab.until(lambda: lab.get("pods", "one") is None)
    assert lab.node.log("team-a", "one").startswith("up\nhook")


def test_probes_decide_on_readiness_and_on_life(lab: Lab) -> None:
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    env = [{"name": "DIR", "value": "/shared"}]

    def probe(file: str, threshold: int) -> Object:
        command = ["/bin/sh", "-c", f'test -e "$DIR/{file}"']
        return {"exec": {"command": command}, "periodSeconds": 1, "failureThreshold": threshold}

    container = {
        "env": env,
        "volumeMounts": mounts,
        "startupProbe": probe("started", 60),
        "readinessProbe": probe("ready", 1),
        "livenessProbe": probe("started", 1),
    }
    lab.pod(
        "one",
        "exec sleep 60",
        container=container,
        volumes=[{"name": "shared", "emptyDir": {}}],
        restartPolicy="Always",
        terminationGracePeriodSeconds=1,
    )

    def state(pod: Object) -> Object:
        return (pod["status"].get("containerStatuses") or [{}])[0]

    lab.until_pod("one", lambda p: "running" in state(p).get("state", {}))
    assert lab.node.execute("team-a", "one", ["/bin/sh", "-c", 'echo $DIR; touch "$DIR/ready"'])
    lab.node.execute("team-a", "one", ["/bin/touch", "/shared/started"])
    lab.until_pod("one", lambda p: state(p)["ready"] and state(p)["started"])
    lab.node.execute("team-a", "one", ["/bin/rm", "/shared/ready"])
    lab.until_pod("one", lambda p: not state(p)["ready"])
    lab.node.execute("team-a", "one", ["/bin/rm", "/shared/started"])
    lab.until_pod("one", lambda p: state(p)["restartCount"] == 1)


def test_a_container_hears_the_signals_that_we_were_started_to_ignore(lab: Lab) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `make demo &` does
    try:
        lab.pod("one", 'trap "exit 0" INT; kill -INT $$; exit 1')
        assert lab.ended("one")["exitCode"] == 0
    finally:
        signal.signal(signal.SIGINT, before)
