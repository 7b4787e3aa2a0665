"""Normalising, hashing and stamping: what is proof later must not depend on chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.core import manifests
from renderer.core.errors import InvalidError
from renderer.core.layout import GENERATION_ANNOTATION, HASH_ANNOTATION, Key, Role
from renderer.core.observed import Stamp

Document = dict[str, Any]
Give = Callable[[Role], Document]


def test_namespace_and_labels_are_always_there(rendered: Give, key: Key) -> None:
    metadata = manifests.normalise(rendered(Role.SERVER), Role.SERVER, key, "postgresql")[
        "metadata"
    ]
    assert metadata["namespace"] == "team-a"
    assert metadata["labels"] == {
        "app.kubernetes.io/name": "postgresql",
        "app.kubernetes.io/instance": "orders",
        "app.kubernetes.io/managed-by": "sampledb-renderer",
        "sampledb.dev/name": "orders",
        "sampledb.dev/role": "statefulset",
    }


def test_what_the_template_wrote_is_kept(rendered: Give, key: Key) -> None:
    document = rendered(Role.SERVICE)
    document["metadata"] |= {
        "namespace": "elsewhere",
        "labels": {"sampledb.dev/name": "x", "a": "b"},
    }
    metadata = manifests.normalise(document, Role.SERVICE, key, "postgresql")["metadata"]
    assert metadata["namespace"] == "elsewhere"
    assert metadata["labels"]["sampledb.dev/name"] == "x"
    assert metadata["labels"]["a"] == "b"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1000m", "1"),
        ("1000M", "1G"),
        ("1024Mi", "1Gi"),
        ("0.5", "500m"),
        (0.5, "500m"),
        (2, "2"),
        ("1.5Gi", "1536Mi"),
        ("10Gi", "10Gi"),
    ],
)
def test_quantities_are_written_as_the_server_would(
    written: object, canonical: str, rendered: Give, key: Key
) -> None:
    document = rendered(Role.SERVER)
    pod = document["spec"]["template"]["spec"]
    pod["containers"][0]["resources"] = {"limits": {"cpu": written}, "requests": {"cpu": written}}
    pod["volumes"] = [{"name": "tmp", "emptyDir": {"sizeLimit": written}}]
    document["spec"]["volumeClaimTemplates"] = [
        {"spec": {"resources": {"requests": {"storage": written}}}}
    ]
    spec = manifests.normalise(document, Role.SERVER, key)["spec"]
    pod = spec["template"]["spec"]
    assert pod["containers"][0]["resources"] == {
        "limits": {"cpu": canonical},
        "requests": {"cpu": canonical},
    }
    assert pod["volumes"][0]["emptyDir"]["sizeLimit"] == canonical
    claim = spec["volumeClaimTemplates"][0]["spec"]
    assert claim["resources"]["requests"]["storage"] == canonical


def test_an_amount_that_is_no_scalar_is_left_to_the_schema(rendered: Give, key: Key) -> None:
    document = rendered(Role.DATA)
    document["spec"]["resources"]["requests"] = {"storage": None, "other": ["1000m"]}
    assert manifests.normalise(document, Role.DATA, key)["spec"] == document["spec"]


def test_a_wrong_quantity_is_told_with_file_and_field(rendered: Give, key: Key) -> None:
    document = rendered(Role.DATA)
    document["spec"]["resources"]["requests"]["storage"] = "10 GB"
    with pytest.raises(InvalidError) as caught:
        manifests.normalise(document, Role.DATA, key)
    [detail] = caught.value.details
    assert detail.field == "pvc-data.yaml: spec.resources.requests.storage"
    assert detail.value == "'10 GB'"
    assert detail.remedy


def test_a_config_maps_content_is_nobodys_quantity(rendered: Give, key: Key) -> None:
    document = rendered(Role.CONFIG)
    document["data"] = {"sizeLimit": "1000m", "resources": "x", "none": None}
    assert manifests.normalise(document, Role.CONFIG, key)["data"] == document["data"]


def test_annotations_become_strings_and_nulls_go(rendered: Give, key: Key) -> None:
    document = rendered(Role.SERVICE)
    document["metadata"]["annotations"] = {"a": 1, "b": True, "c": None, "d": 1.5, "e": "x"}
    document["spec"]["clusterIP"] = None
    document["spec"]["ports"][0]["nodePort"] = None
    document["spec"]["lists"] = [[None, {"sizeLimit": "1000m"}]]
    normal = manifests.normalise(document, Role.SERVICE, key)
    assert normal["metadata"]["annotations"] == {"a": "1", "b": "true", "d": 1.5, "e": "x"}
    assert "clusterIP" not in normal["spec"]
    assert "nodePort" not in normal["spec"]["ports"][0]
    assert normal["spec"]["lists"] == [[None, {"sizeLimit": "1"}]]


def test_metadata_must_be_a_mapping(key: Key) -> None:
    with pytest.raises(InvalidError, match="metadata must be a mapping"):
        manifests.normalise({"kind": "Service", "metadata": []}, Role.SERVICE, key)


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_preparing_twice_changes_nothing_more(role: Role, prepared: Give, key: Key) -> None:
    once = prepared(role)
    assert manifests.prepare(once, role, key, "postgresql") == once


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_the_hash_of_a_stamped_document_is_its_stamp(role: Role, prepared: Give) -> None:
    [stamped], stamps = manifests.stamp([prepared(role)], {}, 7)
    annotations = stamped["metadata"]["annotations"]
    assert annotations[HASH_ANNOTATION] == manifests.content_hash(stamped)
    assert annotations[GENERATION_ANNOTATION] == "7"
    name = f"{stamped['kind']}/{stamped['metadata']['name']}"
    assert stamps[name] == Stamp(content_hash=annotations[HASH_ANNOTATION], generation=7)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.SERVER, ("spec", "template")),
        (Role.INIT, ("spec", "template")),
        (Role.BACKUP, ("spec", "jobTemplate", "spec", "template")),
    ],
)
def test_a_pod_template_carries_its_own_hash(
    role: Role, path: tuple[str, ...], prepared: Give
) -> None:
    template = prepared(role)
    for part in path:
        template = template[part]
    assert template["metadata"]["annotations"][HASH_ANNOTATION] == manifests.content_hash(template)


def test_the_pod_template_of_the_server_is_in_the_stamps(prepared: Give) -> None:
    document = prepared(Role.SERVER)
    _, stamps = manifests.stamp([document], {}, 2)
    template = document["spec"]["template"]
    carried = template["metadata"]["annotations"][HASH_ANNOTATION]
    assert stamps["Pod/orders"] == Stamp(content_hash=carried, generation=2)
    assert set(stamps) == {"StatefulSet/orders", "Pod/orders"}


def test_scaling_changes_the_server_and_not_its_pods(prepared: Give) -> None:
    document = prepared(Role.SERVER)
    _, before = manifests.stamp([document], {}, 1)
    document["spec"]["replicas"] = 0
    _, after = manifests.stamp([document], before, 2)
    assert after["Pod/orders"] == before["Pod/orders"]
    assert after["StatefulSet/orders"].generation == 2


def test_only_what_changed_gets_the_new_generation(everything: list[Document]) -> None:
    _, before = manifests.stamp(everything, {}, 1)
    service = next(d for d in everything if d["kind"] == "Service")
    service["spec"]["ports"][0]["port"] = 5433
    stamped, after = manifests.stamp(everything, before, 2)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"Service/orders"}
    assert {d["metadata"]["annotations"][GENERATION_ANNOTATION] for d in stamped} == {"1", "2"}


def test_a_job_is_named_by_its_content(prepared: Give, rendered: Give, key: Key) -> None:
    first = prepared(Role.INIT)["metadata"]["name"]
    document = rendered(Role.INIT)
    document["spec"]["backoffLimit"] = 4
    second = manifests.prepare(document, Role.INIT, key, "postgresql")["metadata"]["name"]
    assert first != second
    for name in (first, second):
        base, _, suffix = name.rpartition("-")
        assert base == "orders-init"
        assert len(suffix) == 8


def test_what_is_no_job_keeps_its_name_and_what_has_no_pod_stays(rendered: Give) -> None:
    service = rendered(Role.SERVICE)
    assert manifests.named_job(service) == service
    assert manifests.with_pod_stamp(service) == service
    assert manifests.with_pod_stamp({"kind": "Job", "spec": {}}) == {"kind": "Job", "spec": {}}


@pytest.mark.parametrize(
    ("document", "title"),
    [
        ({"metadata": {"labels": {"sampledb.dev/role": "pvc-data"}}}, "pvc-data.yaml"),
        ({"kind": "Pod", "metadata": {"name": "x"}}, "Pod/x"),
        ({"kind": "Pod", "metadata": {"labels": {"sampledb.dev/role": "x"}}}, "Pod/"),
        ({"metadata": None}, "document without a kind/"),
    ],
)
def test_a_document_has_a_title_for_messages(document: Document, title: str) -> None:
    assert manifests.title(document) == title


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("abcé", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=4), st.integers(1, 9))
def test_hash_depends_on_content_and_not_on_order_or_stamps(spec: Document, count: int) -> None:
    document = {"kind": "X", "metadata": {"name": "x"}, "spec": spec}
    digest = manifests.content_hash(document)
    backwards = {name: document[name] for name in reversed(document)}
    [stamped], _ = manifests.stamp([backwards], {}, count)
    assert manifests.content_hash(stamped) == digest
    assert manifests.content_hash({**stamped, "spec": [spec]}) != digest
    assert len(digest) == 16
