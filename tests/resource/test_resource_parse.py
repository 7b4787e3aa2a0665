"""From a document to a SampleDB, and every reason why not."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import sampledbs

from renderer.core.errors import InvalidError
from renderer.core.layout import FINALIZER, Key
from renderer.core.resource import canonical, check_update, digest, parse
from renderer.core.resource.network import ServiceType
from renderer.core.resource.spec import CredentialsSource

Document = dict[str, Any]


def refused(document: Document) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        parse(document)
    return caught.value


def put(document: Document, path: str, value: object) -> Document:
    """A copy of the document with one field set."""
    changed = copy.deepcopy(document)
    *above, last = path.split(".")
    here = changed
    for name in above:
        here = here.setdefault(name, {})
    here[last] = value
    return changed


def test_what_is_left_out_has_its_default(minimal: Document) -> None:
    spec = parse(minimal).spec

    assert spec.instances == 1
    assert spec.image == ""
    assert spec.storage.storage_class_name == ""
    assert spec.credentials.source is CredentialsSource.GENERATED
    assert (spec.service.type, spec.service.port) == (ServiceType.CLUSTER_IP, 5432)
    assert (spec.backup.schedule, spec.backup.time_zone) == ("", "Etc/UTC")
    assert (spec.backup.target, spec.backup.retention.keep) == (None, 7)
    assert spec.network_policy.enabled
    assert spec.disruption.pod_disruption_budget
    assert (spec.hibernate, spec.paused, spec.monitoring.enabled) == (False, False, False)
    assert (spec.deletion.policy.value, spec.deletion.confirm) == ("Snapshot", False)


def test_identity_comes_from_the_metadata(minimal: Document) -> None:
    minimal["metadata"] |= {
        "uid": "u-1",
        "generation": 3,
        "finalizers": [FINALIZER, "other"],
        "deletionTimestamp": "2026-11-24T03:00:00Z",
    }
    db = parse(minimal)

    assert db.key == Key(namespace="team-a", name="example-database")
    assert (db.uid, db.generation, db.deleting) == ("u-1", 3, True)
    assert db.finalizers == (FINALIZER, "other")
    assert db.guarded


def test_a_default_namespace_stands_in_for_a_missing_one(minimal: Document) -> None:
    del minimal["metadata"]["namespace"]

    assert parse(minimal, default_namespace="team-b").namespace == "team-b"
    assert "metadata.namespace: is required" in str(refused(minimal))


def test_a_namespace_of_its_own_goes_before_the_default(minimal: Document) -> None:
    assert parse(minimal, default_namespace="team-b").namespace == "team-a"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"backup": None}, id="object"),
        pytest.param({"image": None, "hibernate": None}, id="scalars"),
        pytest.param({"pgHba": None, "parameters": None, "resources": None}, id="list-and-maps"),
        pytest.param({"init": {"database": "shop", "sql": None}}, id="nested"),
        pytest.param({"backup": {"target": {"pvc": {"size": "1Gi"}, "s3": None}}}, id="either-or"),
        pytest.param({"networkPolicy": {"from": [{"podSelector": {"matchLabels": None}}]}}, id="l"),
    ],
)
def test_null_is_the_same_as_absent(minimal: Document, change: Document) -> None:
    minimal["spec"] |= change

    assert parse(minimal).spec == parse(without_nulls(minimal)).spec


def without_nulls(value: Any) -> Any:  # JSON
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_null_for_a_required_field_is_a_missing_field(minimal: Document) -> None:
    assert "spec.engine: is required" in str(refused(put(minimal, "spec.engine", None)))


def test_null_in_a_map_of_strings_is_refused(minimal: Document) -> None:
    document = put(minimal, "spec.parameters", {"work_mem": None})
    assert "spec.parameters.work_mem: must be a string" in str(refused(document))


def test_every_error_is_told_at_once(minimal: Document) -> None:
    minimal["kind"] = "Sample"
    minimal["metadata"]["name"] = "Wrong"
    minimal["spec"] |= {
        "version": 18,
        "storag": {},
        "init": {"owner": "postgres", "sql": [1]},
        "backup": {"schedule": "0 3 * * *", "retention": {"keep": 0}},
        "instances": 3,
    }
    assert {detail.field for detail in refused(minimal).details} == {
        "kind",
        "metadata.name",
        "spec.version",
        "spec.storag",
        "spec.init.sql[0]",
        "spec.backup.retention.keep",
        "spec.instances",
    }


def test_rules_of_different_objects_are_told_together(minimal: Document) -> None:
    minimal["spec"] |= {
        "init": {"database": "postgres", "owner": "pg_x"},
        "backup": {"schedule": "0 3 * * *", "timeZone": "Mars/Base"},
    }
    assert {detail.field for detail in refused(minimal).details} == {
        "spec.init.database",
        "spec.init.owner",
        "spec.backup.target",
        "spec.backup.timeZone",
    }


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        pytest.param("spec.version", 18, 'write it as a quoted string "18"', id="integer"),
        pytest.param("spec.version", 18.4, 'write it as a quoted string "18.4"', id="float"),
        pytest.param("spec.parameters", {"fsync": False}, 'quoted string "false"', id="boolean"),
        pytest.param("spec.version", ["18"], "write a single value, in quotes", id="list"),
        pytest.param("spec.storages", {}, "did you mean storage?", id="typo"),
        pytest.param("spec.pg_hba", [], "did you mean pgHba?", id="snake-case"),
        pytest.param("spec.Storage", {}, "did you mean storage?", id="capitals"),
        pytest.param("spec.zzz", 1, "its fields are engine, version", id="nothing-like-it"),
        pytest.param("spec.deletion", {"policy": "delete"}, "did you mean Delete?", id="enum"),
        pytest.param("spec.service", {"port": 0}, "must be at least 1 (got 0)", id="low"),
        pytest.param("spec.service", {"port": "80"}, "write it without quotes", id="quoted"),
        pytest.param("spec.init", [], "spec.init: must be a mapping", id="mapping"),
        pytest.param("spec.pgHba", "x", "begin each entry with '- '", id="list-wanted"),
        pytest.param("spec.pgHba", ["x"] * 201, "must hold at most 200 entries", id="too-many"),
        pytest.param("spec.image", "a" * 513, "must be at most 512 characters", id="too-long"),
        pytest.param("spec.init", {"sql": ["a\0b"]}, "must not hold the NUL character", id="nul"),
        pytest.param("spec.init", {"sql": ["\ud800"]}, "spec.init.sql[0]: ", id="surrogate"),
        pytest.param(
            "spec.init", {"sql": ["é" * 65536] * 7}, "must be at most 786432 bytes in all", id="sql"
        ),
        pytest.param("spec.parameters", {"a": "1\n"}, "take out line breaks", id="two-lines"),
        pytest.param("spec.affinity", {1: 2}, "spec.affinity: is not a field", id="not-a-key"),
        pytest.param("spec.scheduling", {"affinity": {"a": 1j}}, "spec.scheduling", id="no-json"),
        pytest.param("spec.resources", {"limits": []}, "resources.limits: must be a", id="limits"),
        pytest.param("spec.resources", {"zzz": {}}, "use requests, limits, claims", id="resource"),
        pytest.param(
            "spec.resources", {"limits": {"cpu": True}}, "must be a quantity", id="amount"
        ),
        pytest.param(
            "spec.resources", {"limits": {"cpu": "-1"}}, "not negative", id="negative-amount"
        ),
        pytest.param(
            "spec.networkPolicy",
            {"from": [{"ipBlock": {"cidr": "fd00::/8", "except": ["fe80::/16"]}}]},
            "except[0]: must lie inside fd00::/8 (got 'fe80::/16')",
            id="ipv6",
        ),
        pytest.param(
            "spec.networkPolicy",
            {"from": [{"ipBlock": {"cidr": "fd00::/8", "except": ["10.0.0.0/16"]}}]},
            "except[0]: must lie inside fd00::/8",
            id="ipv4-in-ipv6",
        ),
        pytest.param(
            "spec.networkPolicy",
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]},
            "except[0]: must lie inside 10.0.0.0/8",
            id="whole-range",
        ),
        pytest.param("metadata", [], "metadata: must be a mapping", id="metadata"),
        pytest.param("metadata.name", 7, 'write it as a quoted string "7"', id="name-number"),
        pytest.param("metadata.namespace", 7, "must be a namespace", id="namespace-number"),
        pytest.param("spec", None, "spec: is required", id="no-spec"),
        pytest.param("spec", "x", "spec: must be a mapping", id="spec-text"),
    ],
)
def test_a_message_names_the_way_out(
    minimal: Document, path: str, value: object, message: str
) -> None:
    assert message in str(refused(put(minimal, path, value)))


def test_a_long_value_is_cut_in_the_message(minimal: Document) -> None:
    assert len(str(refused(put(minimal, "spec.image", "x y" * 100)))) < 300


@pytest.mark.parametrize(
    ("amount", "accepted"),
    [
        pytest.param(2, True, id="integer"),
        pytest.param(0.5, True, id="float"),
        pytest.param("1e3", True, id="exponent"),
        pytest.param(float("nan"), False, id="nan"),
        pytest.param("1GB", False, id="bytes"),
    ],
)
def test_amounts_of_resources_are_quantities(
    minimal: Document, amount: object, accepted: bool
) -> None:
    document = put(minimal, "spec.resources", {"requests": {"cpu": amount}})
    if accepted:
        assert parse(document).spec.resources == {"requests": {"cpu": amount}}
    else:
        refused(document)


@given(sampledbs())
@settings(max_examples=80, deadline=None)
def test_every_generated_document_is_accepted(document: Document) -> None:
    db = parse(document)

    assert db.name == document["metadata"]["name"]
    assert db.spec.parameters == document["spec"].get("parameters", {})
    assert db.spec.init.sql == tuple(document["spec"].get("init", {}).get("sql", ()))


@given(sampledbs(), st.data())
@settings(max_examples=40, deadline=None)
def test_the_digest_is_that_of_the_meaning(document: Document, data: st.DataObject) -> None:
    spec = document["spec"]
    shuffled = document | {"spec": dict(data.draw(st.permutations(list(spec.items()))))}
    written_out = document | {"spec": {"paused": False, "pgHba": [], **spec}}

    expected = digest(parse(document).spec)
    assert digest(parse(shuffled).spec) == expected
    assert digest(parse(written_out).spec) == expected


def test_the_digest_changes_with_the_spec(minimal: Document) -> None:
    spec = parse(minimal).spec
    changed = dataclasses.replace(spec, hibernate=True)

    assert digest(changed) != digest(spec)
    assert len(digest(spec)) == 16
    assert canonical(spec) == canonical(parse(copy.deepcopy(minimal)).spec)


def test_the_order_of_a_map_does_not_matter_to_the_digest(minimal: Document) -> None:
    one = put(minimal, "spec.parameters", {"a": "1", "b": "2"})
    two = put(minimal, "spec.parameters", {"b": "2", "a": "1"})
    assert digest(parse(one).spec) == digest(parse(two).spec)


def test_an_update_that_breaks_several_rules_names_them_all(minimal: Document) -> None:
    old = parse(put(minimal, "spec.storage", {"size": "10Gi", "storageClassName": "a"}))
    changed = put(minimal, "spec.storage", {"size": "1Gi", "storageClassName": "b"})
    changed["spec"]["engine"] = "mysql"
    with pytest.raises(InvalidError) as caught:
        check_update(old, parse(changed))
    assert [detail.field for detail in caught.value.details] == [
        "spec.engine",
        "spec.storage.size",
        "spec.storage.storageClassName",
    ]
    assert "(got '1Gi', was '10Gi')" in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("1Gi", "1Gi", id="same"),
        pytest.param("1Gi", "1024Mi", id="same-in-other-words"),
        pytest.param("1Gi", "2Gi", id="growth"),
    ],
)
def test_an_update_that_does_not_shrink_is_allowed(
    minimal: Document, before: str, after: str
) -> None:
    old, new = (parse(put(minimal, "spec.storage.size", size)) for size in (before, after))
    check_update(old, new)
