"""The last gate: one bad object per rule, each told with file, field, value and way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renderer.core import manifests
from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import Key, Role

Document = dict[str, Any]
Give = Callable[[Role], Document]
Spoil = Callable[[Document], object]


def _refused(documents: list[Document], key: Key) -> tuple[Detail, ...]:
    with pytest.raises(InvalidError) as caught:
        manifests.gate(documents, key=key)
    assert all(detail.problem and detail.remedy for detail in caught.value.details)
    return caught.value.details


def test_all_roles_together_pass(everything: list[Document], key: Key) -> None:
    stamped, _ = manifests.stamp(everything, {}, 1)
    manifests.gate(stamped, key=key)


def test_a_pod_template_without_metadata_passes(prepared: Give, key: Key) -> None:
    document = prepared(Role.SERVER)
    document["spec"]["template"].pop("metadata")
    manifests.gate([document], key=key)


def _annotate(name: str, value: str = "x") -> Spoil:
    return lambda d: d["metadata"].setdefault("annotations", {}).update({name: value})


def _template(field: str, value: object) -> Spoil:
    return lambda d: d["spec"]["template"]["metadata"].update({field: value})


@pytest.mark.parametrize(
    ("role", "spoil", "field"),
    [
        pytest.param(
            Role.SERVER, lambda d: d.update(kind="Deployment"), "kind", id="kind-of-another-role"
        ),
        pytest.param(
            Role.SERVER, lambda d: d.update(apiVersion="apps/v1beta1"), "kind", id="old-version"
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"].update(name="billing"),
            "metadata.name",
            id="foreign-name",
        ),
        pytest.param(
            Role.INIT,
            lambda d: d["metadata"].update(name="orders-init"),
            "metadata.name",
            id="job-without-its-hash",
        ),
        pytest.param(
            Role.INIT,
            lambda d: d["metadata"].update(name="orders-init-" + "x" * 60),
            "metadata.name",
            id="long-name",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"].update(namespace="kube-system"),
            "metadata.namespace",
            id="foreign-namespace",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"].pop("namespace"),
            "metadata.namespace",
            id="no-namespace",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"]["labels"].update({"sampledb.dev/name": "billing"}),
            "metadata.labels[sampledb.dev/name]",
            id="foreign-owner",
        ),
        *(
            pytest.param(
                Role.SERVER,
                lambda d, field=field: d["metadata"].update({field: "x"}),
                f"metadata.{field}",
                id=field,
            )
            for field in ("generateName", "ownerReferences", "finalizers", "uid", "managedFields")
        ),
        *(
            pytest.param(Role.SERVER, _annotate(name), f"metadata.annotations[{name}]", id=name)
            for name in (
                "argocd.argoproj.io/hook",
                "argocd.argoproj.io/sync-wave",
                "argocd.argoproj.io/tracking-id",
                "helm.sh/hook",
            )
        ),
        pytest.param(
            Role.DATA,
            _annotate("argocd.argoproj.io/sync-options", "Prune=false, Replace=true"),
            "metadata.annotations[argocd.argoproj.io/sync-options]",
            id="replaced-by-argo",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"]["labels"].update({"kustomize.toolkit.fluxcd.io/name": "x"}),
            "metadata.labels[kustomize.toolkit.fluxcd.io/name]",
            id="flux-label",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"]["labels"].update(a="x" * 64),
            "metadata.labels.a",
            id="long-label",
        ),
        pytest.param(
            Role.SERVER,
            _template("finalizers", ["x"]),
            "spec.template.metadata.finalizers",
            id="finalizer-on-pods",
        ),
        pytest.param(
            Role.SERVER,
            _template("annotations", {"helm.sh/hook": "x"}),
            "spec.template.metadata.annotations[helm.sh/hook]",
            id="hook-on-pods",
        ),
        pytest.param(
            Role.INIT,
            lambda d: d["spec"].update(ttlSecondsAfterFinished=60),
            "spec.ttlSecondsAfterFinished",
            id="job-ttl",
        ),
        pytest.param(
            Role.BACKUP,
            lambda d: d["spec"]["jobTemplate"]["spec"].update(ttlSecondsAfterFinished=60),
            "spec.jobTemplate.spec.ttlSecondsAfterFinished",
            id="cronjob-ttl",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["spec"].update(volumeClaimTemplates=[{"kind": "PersistentVolumeClaim"}]),
            "spec.volumeClaimTemplates",
            id="claim-template",
        ),
        pytest.param(Role.SERVER, lambda d: d.update(status={}), "status", id="status"),
        pytest.param(
            Role.CONFIG,
            _annotate("note", "x" * 262144),
            "metadata.annotations",
            id="annotations-too-long",
        ),
        pytest.param(
            Role.CONFIG, lambda d: d["data"].update(a="x" * 1024 * 1024), "", id="object-too-large"
        ),
        pytest.param(
            Role.BACKUPS,
            lambda d: d["metadata"]["annotations"].pop("argocd.argoproj.io/sync-options"),
            "metadata.annotations[argocd.argoproj.io/sync-options]",
            id="backups-argo-could-prune",
        ),
        pytest.param(
            Role.BACKUPS,
            _annotate("kustomize.toolkit.fluxcd.io/prune", "enabled"),
            "metadata.annotations[kustomize.toolkit.fluxcd.io/prune]",
            id="backups-flux-could-prune",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d["metadata"]["labels"].pop("sampledb.dev/role"),
            "metadata.labels[sampledb.dev/role]",
            id="no-role",
        ),
        pytest.param(
            Role.SERVER,
            lambda d: d.update(metadata=None),
            "metadata.labels[sampledb.dev/role]",
            id="no-metadata",
        ),
    ],
)
def test_an_object_that_has_no_place_in_git_is_refused(
    role: Role, spoil: Spoil, field: str, prepared: Give, key: Key
) -> None:
    document = prepared(role)
    spoil(document)
    details = _refused([document], key)
    title = manifests.title(document)
    assert (f"{title}: {field}" if field else title) in [detail.field for detail in details]
    assert len({detail.field for detail in details}) == 1


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"data": {"password": "aHVudGVyMg=="}}, "data"),
        ({"stringData": {"password": "hunter2"}}, "stringData"),
        ({}, "kind"),
    ],
)
def test_a_secret_is_refused_and_its_value_never_shown(
    document: Document, field: str, key: Key
) -> None:
    secret = {"kind": "Secret", "metadata": {"name": "x"}, **document}
    [detail] = _refused([secret], key)
    assert detail.field == f"Secret/x: {field}"
    assert "hunter2" not in str(detail)
    assert "aHVudGVyMg" not in str(detail)


def test_every_problem_of_every_object_is_told_at_once(prepared: Give, key: Key) -> None:
    service, server = prepared(Role.SERVICE), prepared(Role.SERVER)
    service["metadata"] |= {"finalizers": ["x"], "namespace": "elsewhere"}
    server["status"] = {}
    fields = [detail.field for detail in _refused([service, server], key)]
    assert fields == [
        "service.yaml: metadata.namespace",
        "service.yaml: metadata.finalizers",
        "statefulset.yaml: status",
    ]


def test_the_same_object_twice_is_refused(prepared: Give, key: Key) -> None:
    service = prepared(Role.SERVICE)
    [detail] = _refused([service, service], key)
    assert detail.field == "service.yaml: metadata.name"
    assert "twice" in detail.problem
