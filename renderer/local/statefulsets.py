"""The StatefulSet controller: ordered Pods with claims of their own, updated one by one.

Follows k8s.io/kubernetes/pkg/controller/statefulset: with the policy
OrderedReady a Pod that isn't ready holds up everything, a newer template too
(kubernetes/kubernetes#67250); with Parallel it is replaced.
"""

from __future__ import annotations

import copy

from renderer.local.objects import (
    CLAIMS,
    PODS,
    STATEFUL_SETS,
    Object,
    Objects,
    controlled_by,
    controller_uid,
    deleting,
    digest,
    finished,
    name_of,
    namespace_of,
    ready,
    uid_of,
)

REVISION = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"


def step(objects: Objects) -> None:
    """One pass over all StatefulSets."""
    pods: dict[str, list[Object]] = {}
    for pod in objects.list(PODS):
        pods.setdefault(controller_uid(pod), []).append(pod)
    for owner in objects.list(STATEFUL_SETS):
        mine = pods.get(uid_of(owner), [])
        if not deleting(owner):
            _act(objects, owner, {_ordinal(pod): pod for pod in mine})
        _report(objects, owner, mine)


def revision(owner: Object) -> str:
    """The name of the revision of a StatefulSet's present template."""
    return f"{name_of(owner)}-{digest(owner['spec']['template'])}"


def _act(objects: Objects, owner: Object, pods: dict[int, Object]) -> None:
    wanted = int(owner["spec"].get("replicas", 1))
    ordered = owner["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    for ordinal in range(wanted):
        pod = pods.get(ordinal)
        if pod is None:
            _create(objects, owner, ordinal)
        elif finished(pod) and not deleting(pod):
            objects.delete(PODS, pod)
        if ordered and (pod is None or deleting(pod) or not ready(pod)):
            return
    surplus = sorted((n for n in pods if n >= wanted), reverse=True)
    for ordinal in surplus[:1] if ordered else surplus:
        if not deleting(pods[ordinal]):
            objects.delete(PODS, pods[ordinal])
    if not surplus:
        _update(objects, owner, pods)


def _update(objects: Objects, owner: Object, pods: dict[int, Object]) -> None:
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return
    lowest = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
    for ordinal in sorted((n for n in pods if n >= lowest), reverse=True):
        pod = pods[ordinal]
        if _revision_of(pod) != revision(owner) and not deleting(pod):
            objects.delete(PODS, pod)
            return
        if deleting(pod) or not ready(pod):
            return


def _create(objects: Objects, owner: Object, ordinal: int) -> None:
    name, namespace = f"{name_of(owner)}-{ordinal}", namespace_of(owner)
    template = copy.deepcopy(owner["spec"]["template"])
    spec = template["spec"]
    claims = {}
    for wanted in owner["spec"].get("volumeClaimTemplates") or ():
        claims[name_of(wanted)] = f"{name_of(wanted)}-{name}"
        found = objects.get(CLAIMS, namespace, claims[name_of(wanted)])
        if found is None:
            _create_claim(objects, owner, wanted, claims[name_of(wanted)])
        elif deleting(found):
            return
    spec["volumes"] = [
        *(entry for entry in spec.get("volumes") or () if entry["name"] not in claims),
        *(
            {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
            for volume, claim in claims.items()
        ),
    ]
    spec |= {"hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
    labels = {
        **(template.get("metadata", {}).get("labels") or {}),
        POD_NAME: name,
        "apps.kubernetes.io/pod-index": str(ordinal),
        REVISION: revision(owner),
    }
    meta = {
        "name": name,
        "namespace": namespace,
        "labels": labels,
        "annotations": template.get("metadata", {}).get("annotations") or {},
        "ownerReferences": controlled_by(owner),
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    objects.create(PODS, pod)


def _create_claim(objects: Objects, owner: Object, template: Object, name: str) -> None:
    meta = template["metadata"]
    labels = {
        **(meta.get("labels") or {}),
        **(owner["spec"]["selector"].get("matchLabels") or {}),
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": namespace_of(owner),
            "labels": labels,
            "annotations": meta.get("annotations") or {},
        },
        "spec": copy.deepcopy(template["spec"]),
    }
    objects.create(CLAIMS, claim)


def _report(objects: Objects, owner: Object, pods: list[Object]) -> None:
    newest = revision(owner)
    before = owner.get("status") or {}
    living = [pod for pod in pods if not finished(pod)]
    steady = [pod for pod in living if not deleting(pod)]
    updated = [pod for pod in steady if _revision_of(pod) == newest]
    ready_now = [pod for pod in living if ready(pod)]
    done = len(updated) == len(living) == len(ready_now)
    current = newest if done else before.get("currentRevision", newest)
    status = {
        "observedGeneration": owner["metadata"].get("generation", 1),
        "replicas": len(living),
        "readyReplicas": len(ready_now),
        "availableReplicas": len(ready_now),
        "updatedReplicas": len(updated),
        "currentReplicas": len([pod for pod in steady if _revision_of(pod) == current]),
        "currentRevision": current,
        "updateRevision": newest,
        "collisionCount": 0,
    }
    if status == {key: before.get(key) for key in status}:
        return

    def put(live: Object) -> None:
        # A newer spec gets its own report in the next pass.
        live["status"] = {**(live.get("status") or {}), **status}

    objects.change(STATEFUL_SETS, owner, put, status=True)


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION, ""))


def _ordinal(pod: Object) -> int:
    return int(name_of(pod).rpartition("-")[2])
