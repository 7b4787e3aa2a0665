"""StatefulSets, Jobs and CronJobs, as their controllers in a real cluster treat them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from renderer.core.errors import InvalidError
from renderer.local import cronjobs

if TYPE_CHECKING:
    from conftest import Lab

Object = dict[str, Any]


def template(script: str, **spec: object) -> Object:
    container = {"name": "main", "image": "postgres:18", "command": ["/bin/sh", "-c", script]}
    if "probe" in spec:
        container["readinessProbe"] = spec.pop("probe")  # type: ignore[assignment]  # a dict
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]} | spec}


def job(name: str, script: str, **spec: object) -> Object:
    return {
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {"template": template(script, restartPolicy="Never")} | spec,
    }


def stateful(script: str, *, replicas: int = 1, policy: str = "OrderedReady") -> Object:
    probe = {"exec": {"command": ["/bin/sh", "-c", "exit ${BAD:-0}"]}}
    return {
        "metadata": {"name": "web", "namespace": "team-a"},
        "spec": {
            "replicas": replicas,
            "podManagementPolicy": policy,
            "serviceName": "web",
            "selector": {"matchLabels": {"app": "x"}},
            "template": template(script, probe=probe, terminationGracePeriodSeconds=1),
        },
    }


def conditions(lab: Lab, name: str) -> dict[str, Object]:
    live = lab.get("jobs.batch", name) or {}
    return {entry["type"]: entry for entry in live.get("status", {}).get("conditions", ())}


def pods_of(lab: Lab, name: str) -> list[Object]:
    return lab.store.list("pods", "team-a", label_selector=f"job-name={name}").items


def test_a_job_that_succeeds_is_complete_and_keeps_its_pod(lab: Lab) -> None:
    lab.store.create("jobs.batch", job("ok", "true"))
    lab.until(lambda: "Complete" in conditions(lab, "ok"))
    live = lab.get("jobs.batch", "ok")
    assert live
    assert live["status"]["succeeded"] == 1
    assert live["status"]["completionTime"]
    assert not live["status"].get("active")
    assert [pod["status"]["phase"] for pod in pods_of(lab, "ok")] == ["Succeeded"]
    lab.store.delete("jobs.batch", "ok", "team-a")
    lab.until(lambda: not pods_of(lab, "ok"))


def test_a_job_that_fails_too_often_has_reached_its_backoff_limit(lab: Lab) -> None:
    lab.store.create("jobs.batch", job("bad", "exit 1", backoffLimit=1))
    lab.until(lambda: "Failed" in conditions(lab, "bad"))
    failed = conditions(lab, "bad")["Failed"]
    assert failed["reason"] == "BackoffLimitExceeded"
    assert failed["message"] == "Job has reached the specified backoff limit"
    live = lab.get("jobs.batch", "bad")
    assert live
    assert live["status"]["failed"] == 2
    assert len(pods_of(lab, "bad")) == 2


@pytest.mark.parametrize(
    ("codes", "pods"),
    [
        pytest.param({"operator": "In", "values": [65]}, 1, id="in"),
        pytest.param({"operator": "In", "values": [65], "containerName": "other"}, 2, id="other"),
        pytest.param({"operator": "NotIn", "values": [1]}, 1, id="not in"),
        pytest.param({"operator": "In", "values": [1]}, 2, id="another code"),
    ],
)
def test_a_job_whose_policy_says_so_is_not_tried_again(
    lab: Lab, codes: dict[str, Any], pods: int
) -> None:
    policy = {"rules": [{"action": "FailJob", "onExitCodes": codes}]}
    spec = {"podFailurePolicy": policy, "backoffLimit": 1}
    lab.store.create("jobs.batch", job("hopeless", "exit 65", **spec))
    lab.until(lambda: "Failed" in conditions(lab, "hopeless"))
    assert len(pods_of(lab, "hopeless")) == pods
    wanted = "PodFailurePolicy" if pods == 1 else "BackoffLimitExceeded"
    assert conditions(lab, "hopeless")["Failed"]["reason"] == wanted


def test_a_job_that_takes_too_long_is_stopped(lab: Lab) -> None:
    spec = {"activeDeadlineSeconds": 1}
    lab.store.create("jobs.batch", job("slow", "exec sleep 60", **spec))
    lab.until(lambda: "Failed" in conditions(lab, "slow"))
    assert conditions(lab, "slow")["Failed"]["reason"] == "DeadlineExceeded"
    lab.until(lambda: all(p["status"]["phase"] == "Failed" for p in pods_of(lab, "slow")))


def test_a_job_that_is_deleted_while_it_runs_takes_its_process_along(lab: Lab) -> None:
    lab.store.create("jobs.batch", job("gone", "exec sleep 60"))
    lab.until(lambda: [p for p in pods_of(lab, "gone") if p["status"].get("phase") == "Running"])
    lab.store.delete("jobs.batch", "gone", "team-a")
    lab.until(lambda: not pods_of(lab, "gone"))


def test_a_suspended_job_starts_nothing(lab: Lab) -> None:
    lab.store.create("jobs.batch", job("later", "true", suspend=True))
    lab.until(lambda: (lab.get("jobs.batch", "later") or {}).get("status", {}).get("startTime"))
    assert not pods_of(lab, "later")


def test_a_cronjob_started_by_hand_keeps_a_short_history(lab: Lab) -> None:
    body = {
        "metadata": {"name": "backup", "namespace": "team-a"},
        "spec": {
            "schedule": "0 3 * * *",
            "successfulJobsHistoryLimit": 1,
            "jobTemplate": {"spec": job("x", "true")["spec"]},
        },
    }
    lab.store.create("cronjobs.batch", body)
    names = []
    for _ in range(2):
        names.append(cronjobs.start(lab.objects, "team-a", "backup"))
        lab.until(lambda: "Complete" in conditions(lab, names[-1]))
    lab.until(lambda: len(lab.objects.list("jobs.batch", "team-a")) == 1)
    lab.until(lambda: (lab.get("cronjobs.batch", "backup") or {})["status"]["lastSuccessfulTime"])
    with pytest.raises(InvalidError, match="team-a/nothing"):
        cronjobs.start(lab.objects, "team-a", "nothing")


def test_replicas_come_in_order_and_go_in_reverse(lab: Lab) -> None:
    lab.store.create("statefulsets.apps", stateful("exec sleep 60", replicas=2))
    lab.until(lambda: status(lab).get("readyReplicas") == 2)
    made = [lab.get("pods", f"web-{n}")["metadata"]["creationTimestamp"] for n in (0, 1)]  # type: ignore[index]  # both are ready
    assert made == sorted(made)
    scale(lab, 0)
    lab.until(lambda: status(lab)["replicas"] == 0 and not lab.objects.list("pods", "team-a"))
    assert status(lab)["observedGeneration"] == 2


def test_a_pod_deleted_by_hand_comes_back_at_the_same_address(lab: Lab) -> None:
    lab.store.create("statefulsets.apps", stateful("exec sleep 60"))
    lab.until(lambda: status(lab).get("readyReplicas") == 1)
    first = lab.get("pods", "web-0")
    assert first
    lab.store.delete("pods", "web-0", "team-a")
    second = lab.until_pod("web-0", lambda p: p["metadata"]["uid"] != first["metadata"]["uid"])
    lab.until(lambda: status(lab).get("readyReplicas") == 1)
    assert second["metadata"]["labels"] == first["metadata"]["labels"]
    assert (lab.get("pods", "web-0") or {})["status"]["podIP"] == first["status"]["podIP"]


@pytest.mark.parametrize(
    ("policy", "replaced"),
    [
        pytest.param("OrderedReady", False, id="ordered"),
        pytest.param("Parallel", True, id="parallel"),
    ],
)
def test_a_broken_pod_is_replaced_by_a_newer_template_only_when_parallel(
    lab: Lab, policy: str, replaced: bool
) -> None:
    lab.store.create("statefulsets.apps", stateful("exit 1", policy=policy))
    lab.waiting("web-0", "CrashLoopBackOff")
    live = lab.get("statefulsets.apps", "web")
    assert live
    live["spec"]["template"] = stateful("exec sleep 60", policy=policy)["spec"]["template"]
    lab.store.update("statefulsets.apps", live)
    if replaced:
        lab.until(lambda: status(lab).get("readyReplicas") == 1)
        assert status(lab)["currentRevision"] == status(lab)["updateRevision"]
        return
    lab.until(lambda: status(lab)["observedGeneration"] == 2)
    count = restarts(lab)
    lab.until(lambda: restarts(lab) > count + 1)
    assert status(lab)["updatedReplicas"] == 0
    assert status(lab)["currentRevision"] != status(lab)["updateRevision"]


def test_a_stateful_set_that_is_deleted_takes_its_pods_along(lab: Lab) -> None:
    lab.store.create("statefulsets.apps", stateful("exec sleep 60"))
    lab.until(lambda: status(lab).get("readyReplicas") == 1)
    lab.store.delete("statefulsets.apps", "web", "team-a")
    lab.until(lambda: lab.get("pods", "web-0") is None)


def status(lab: Lab) -> Object:
    live = lab.get("statefulsets.apps", "web") or {}
    found: Object = live.get("status", {})
    return found


def restarts(lab: Lab) -> int:
    pod = lab.get("pods", "web-0")
    assert pod
    return int(pod["status"]["containerStatuses"][0]["restartCount"])


def scale(lab: Lab, replicas: int) -> None:
    live = lab.get("statefulsets.apps", "web")
    assert live
    live["spec"]["replicas"] = replicas
    lab.store.update("statefulsets.apps", live)
