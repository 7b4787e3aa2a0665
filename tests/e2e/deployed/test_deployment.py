"""The controller in Pods: as strict as restricted Pod Security, one leader, few rights."""

from __future__ import annotations

import subprocess

import pytest
from e2e.deployed.installing import IMAGE, NAME
from e2e.deployed.shop import Shop

CHANGES = ("create", "update", "patch", "delete", "deletecollection")
FORBIDDEN = [
    *((verb, kind) for kind in ("statefulsets", "persistentvolumeclaims") for verb in CHANGES),
    *((verb, kind) for kind in ("pods", "jobs", "cronjobs", "services") for verb in CHANGES),
    *((verb, "configmaps") for verb in CHANGES),
    *((verb, "secrets") for verb in ("get", "list", "watch", "update", "patch", "delete")),
    *((verb, "pods/exec") for verb in ("create", "get")),
    ("get", "pods/log"),
    ("create", "pods/ephemeralcontainers"),
    ("create", "serviceaccounts/token"),
    ("create", "sampledbs"),
    ("delete", "sampledbs"),
    ("patch", "applications.argoproj.io"),
    ("patch", "kustomizations.kustomize.toolkit.fluxcd.io"),
    ("escalate", "clusterroles"),
    ("impersonate", "users"),
]
GRANTED = [("list", "statefulsets"), ("patch", "sampledbs/status"), ("create", "secrets")]


def test_the_operators_container_runs_twice_and_one_of_them_leads(shop: Shop) -> None:
    pods = shop.installation.pods()
    assert len(pods) == 2
    for pod in pods:
        (container,) = pod["spec"]["containers"]
        (running,) = pod["status"]["containerStatuses"]
        assert container["image"] == IMAGE
        assert running["ready"]
        assert pod["spec"]["serviceAccountName"] == NAME
        assert container["securityContext"]["readOnlyRootFilesystem"]
    system = shop.kubectl.get("namespace", shop.installation.system) or {}
    assert system["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    shop.until(
        lambda: shop.installation.leader() in {pod["metadata"]["name"] for pod in pods},
        "a leader among the Pods",
    )


@pytest.mark.parametrize(("verb", "resource"), FORBIDDEN)
def test_the_account_may_not_change_what_the_appliers_own(
    shop: Shop, verb: str, resource: str
) -> None:
    assert may(shop, verb, resource) == "no"


@pytest.mark.parametrize(("verb", "resource"), GRANTED)
def test_the_account_may_do_its_work(shop: Shop, verb: str, resource: str) -> None:
    assert may(shop, verb, resource) == "yes"


def may(shop: Shop, verb: str, resource: str) -> str:
    """The word that `kubectl auth can-i` says."""
    command = [shop.kubectl.program, "--kubeconfig", str(shop.kubectl.kubeconfig)]
    kind, _, below = resource.partition("/")
    command += ["auth", "can-i", verb, kind, f"--subresource={below}", "-n", shop.team]
    command += [f"--as={shop.installation.account}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.split()[0]


def test_another_controller_takes_over_and_does_nothing_twice(shop: Shop) -> None:
    name, first = "taken-over", shop.until(shop.installation.leader, "a leader")
    shop.handover.create(name, version="16.14", init={"sql": ["CREATE TABLE once (n int)"]})
    shop.until(lambda: shop.subjects(name), "the first commit")
    shop.kubectl.run(
        *("delete", "pod", first, "-n", shop.installation.system),
        *("--grace-period=0", "--force"),
    )
    shop.settled(name)
    second = shop.installation.leader()
    assert second
    assert second != first
    subjects = shop.subjects(name)
    assert subjects == sorted(set(subjects), key=subjects.index)
    assert len(subjects) == 3
    shop.installation.rolled_out()
