"""The rendered Applications and Kustomizations."""

from __future__ import annotations

import pytest

from renderer.core.layout import Key
from renderer.delivery import Handoff, Tool, app, app_name, read

ORDERS = Key(namespace="team-a", name="orders")
DIRECTORY = "clusters/prod/databases/team-a/orders"
ARGO = Handoff(tool=Tool.ARGOCD, repository="https://git.example.com/deployments.git")
FLUX = Handoff(tool=Tool.FLUX)


def test_nothing_is_rendered_when_somebody_else_applies() -> None:
    assert app(Handoff(tool=Tool.NONE), ORDERS, DIRECTORY) is None


def test_an_application_prunes_heals_retries_and_names_the_branch_unmistakably() -> None:
    assert app(ARGO, ORDERS, DIRECTORY) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "team-a.orders",
            "namespace": "argocd",
            "labels": {
                "app.kubernetes.io/managed-by": "sampledb-renderer",
                "sampledb.dev/name": "orders",
                "sampledb.dev/namespace": "team-a",
            },
            "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://git.example.com/deployments.git",
                "targetRevision": "refs/heads/main",
                "path": DIRECTORY,
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "team-a"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"],
                "retry": {
                    "limit": 10,
                    "refresh": True,
                    "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m0s"},
                },
            },
        },
    }


def test_a_kustomization_prunes_never_waits_and_never_forces() -> None:
    assert app(FLUX, ORDERS, DIRECTORY) == {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {
            "name": "team-a.orders",
            "namespace": "flux-system",
            "labels": {
                "app.kubernetes.io/managed-by": "sampledb-renderer",
                "sampledb.dev/name": "orders",
                "sampledb.dev/namespace": "team-a",
            },
        },
        "spec": {
            "sourceRef": {"kind": "GitRepository", "name": "sampledb"},
            "path": f"./{DIRECTORY}",
            "interval": "600s",
            "retryInterval": "30s",
            "timeout": "2m0s",
            "prune": True,
            "wait": False,
            "force": False,
            "deletionPolicy": "Orphan",
        },
    }


def test_only_the_final_one_takes_what_is_left_with_it() -> None:
    application = app(ARGO, ORDERS, DIRECTORY, final=True)
    assert application is not None
    finalizers = application["metadata"]["finalizers"]
    assert finalizers == ["resources-finalizer.argocd.argoproj.io"]
    kustomization = app(FLUX, ORDERS, DIRECTORY, final=True)
    assert kustomization is not None
    assert kustomization["spec"]["deletionPolicy"] == "Delete"


def test_settings_reach_the_objects() -> None:
    application = app(
        Handoff(
            tool=Tool.ARGOCD,
            branch="release",
            namespace="gitops",
            project="sampledb",
            destination="prod",
        ),
        ORDERS,
        DIRECTORY,
    )
    assert application is not None
    assert application["metadata"]["namespace"] == "gitops"
    assert application["spec"]["project"] == "sampledb"
    assert application["spec"]["destination"] == {"name": "prod", "namespace": "team-a"}
    assert application["spec"]["source"]["targetRevision"] == "refs/heads/release"
    kustomization = app(
        Handoff(tool=Tool.FLUX, source="deployments", service_account="applier", interval=60),
        ORDERS,
        DIRECTORY,
    )
    assert kustomization is not None
    assert kustomization["spec"]["serviceAccountName"] == "applier"
    assert kustomization["spec"]["sourceRef"]["name"] == "deployments"
    assert kustomization["spec"]["interval"] == "60s"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a-b", "c"), ("a", "b-c"), id="a dash on either side"),
        pytest.param(("n" * 63, "x" * 40), ("n" * 63, "x" * 39 + "y"), id="long"),
        pytest.param(("n" * 60 + "-", "x" * 40), ("n" * 60 + "-", "y" * 40), id="cut at a dash"),
    ],
)
def test_no_two_sampledbs_share_a_name_and_each_fits_a_label(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    names = {app_name(Key(namespace=namespace, name=name)) for namespace, name in (one, other)}
    assert len(names) == 2
    assert all(len(name) <= 63 and name[-1].isalnum() for name in names)


@pytest.mark.parametrize("tool", [Tool.ARGOCD, Tool.FLUX], ids=lambda tool: tool.value)
@pytest.mark.parametrize("final", [True, False], ids=["final", "standing"])
def test_a_reader_sees_whether_the_live_object_takes_along_what_it_applied(
    tool: Tool, final: bool
) -> None:
    handoff = Handoff(tool=tool, repository="https://git.example.com/deploy.git")
    key = Key(namespace="team-a", name="orders")
    live = app(handoff, key, "databases/team-a/orders", final=final)
    assert read(tool, live, "0" * 40, lambda _commit, _of: False).final is final


def test_an_object_that_is_not_there_stands_in_nobodys_way() -> None:
    assert read(Tool.FLUX, None, "0" * 40, lambda _commit, _of: False).final
