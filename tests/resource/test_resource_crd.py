"""The CustomResourceDefinition: structural, small, and saying what the model says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from admission import faults, filled, holds
from hypothesis import given, settings
from pydantic import TypeAdapter, ValidationError
from resource_rules import RULES
from strategies import sampledbs

from renderer.core import crd
from renderer.core.crd import status, structural
from renderer.core.plan import Phase
from renderer.core.resource import formats, parse, spec

Json = Any
SCHEMA = crd.schema()


def walk(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema below a schema, with its path."""
    yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from walk(below, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from walk(schema[key], f"{path}.{key}")


EVERYWHERE = list(walk(SCHEMA))
SPEC = [(path, schema) for path, schema in EVERYWHERE if path.startswith(".spec")]


def test_the_definition_stays_below_256_kilobytes() -> None:
    assert len(orjson.dumps(crd.definition())) < 256 * 1024


def test_the_definition_names_the_resource() -> None:
    definition = crd.definition()
    (version,) = definition["spec"]["versions"]

    assert definition["metadata"]["name"] == "sampledbs.sampledb.dev"
    assert definition["spec"]["names"]["shortNames"] == ["sdb"]
    assert definition["spec"]["scope"] == "Namespaced"
    assert version["subresources"] == {"status": {}}


def test_the_columns_are_those_of_the_api() -> None:
    columns = [(column["name"], column["priority"]) for column in crd.columns()]

    assert [name for name, priority in columns if priority == 0] == [
        *("Engine", "Version", "Ready", "Phase", "Commit", "Backup", "Age")
    ]
    assert [name for name, priority in columns if priority] == ["Path", "Delivery", "Message"]


def test_the_schema_is_structural() -> None:
    for path, schema in EVERYWHERE:
        assert "type" in schema, path
        assert not {"$ref", "anyOf", "allOf", "oneOf", "pattern", "title"} & set(schema), path
        assert not ("properties" in schema and "additionalProperties" in schema), path


def test_every_string_list_and_map_has_a_limit() -> None:
    for path, schema in SPEC:
        free = schema.get("x-kubernetes-preserve-unknown-fields", False)
        if schema["type"] == "string":
            assert "maxLength" in schema or "enum" in schema, path
        elif schema["type"] == "array":
            assert "maxItems" in schema, path
        elif schema["type"] == "object":
            assert "properties" in schema or "maxProperties" in schema or free, path


def test_only_what_is_free_in_the_api_keeps_unknown_fields() -> None:
    free = {path for path, one in EVERYWHERE if "x-kubernetes-preserve-unknown-fields" in one}

    assert free == {
        ".spec.resources",
        ".spec.scheduling.affinity",
        ".spec.scheduling.tolerations.items",
        ".spec.scheduling.topologySpreadConstraints.items",
    }


def test_every_field_is_explained() -> None:
    for path, schema in EVERYWHERE:
        last = path.rpartition(".")[2]
        if path and path != ".metadata" and last not in {"items", "additionalProperties"}:
            assert schema.get("description", "").endswith("."), path


def test_every_rule_has_a_message_for_people() -> None:
    for path, schema in EVERYWHERE:
        for rule in schema.get("x-kubernetes-validations", ()):
            assert 5 < len(rule["message"]) < 2048, path
            assert "\n" not in rule["message"], path


def test_the_rules_keep_to_the_functions_of_kubernetes_1_29() -> None:
    known = {"matches", "size", "all", "exists", "filter", "startsWith", "has", "in"}
    known |= {"isQuantity", "quantity", "isGreaterThan", "compareTo"}
    for path, schema in EVERYWHERE:
        for rule in schema.get("x-kubernetes-validations", ()):
            bare = re.sub(r'"(\\.|[^"\\])*"|\'[^\']*\'', "''", rule["rule"])
            assert set(re.findall(r"([A-Za-z]+)\(", bare)) <= known, path


def test_every_optional_field_has_its_default_and_a_required_one_has_none() -> None:
    for path, schema in SPEC:
        for name, below in schema.get("properties", {}).items():
            either = {"target", "pvc", "s3", "podSelector", "namespaceSelector", "ipBlock"}
            if name in schema.get("required", ()) or name in either:
                assert "default" not in below, f"{path}.{name}"
            else:
                assert "default" in below, f"{path}.{name}"


def test_every_default_keeps_the_rules() -> None:
    for path, schema in SPEC:
        if "default" in schema:
            assert list(faults(schema["default"], schema)) == [], path


@given(sampledbs())
@settings(max_examples=40, deadline=None)
def test_the_crd_takes_what_we_take_and_its_defaults_are_ours(document: Json) -> None:
    stored = filled(document, SCHEMA)

    assert list(faults(stored, SCHEMA)) == []
    assert parse(stored) == parse(document)
    assert filled(stored, SCHEMA) == stored


@pytest.mark.parametrize(("cls", "good", "bad"), RULES)
def test_a_rule_says_the_same_in_cel_and_in_python(cls: type, good: Json, bad: Json) -> None:
    schema = structural.schema(cls, defaults=True)
    assert list(faults(filled(good, schema), schema)) == []
    assert broken(cls, good) == []

    refused = [message for _, message in faults(filled(bad, schema), schema)]
    assert refused == broken(cls, bad) != []


def broken(cls: type, document: Json) -> list[str]:
    """The messages of the rules that a document breaks in Python."""
    try:
        TypeAdapter(cls).validate_python(document, by_alias=True, by_name=False)
    except ValidationError as error:
        (found,) = [one["ctx"]["broken"] for one in error.errors()]
        return [f"{one.message}; {one.remedy}" for one in found]
    return []


def test_every_rule_is_tried() -> None:
    tried = {param.values[0] for param in RULES}
    written = {cls for cls in structural.classes(spec.Spec) if getattr(cls, "rules", ())}
    assert tried == written


def test_a_pattern_reads_alike_in_cel_and_in_python() -> None:
    texts = ("", "a", "A", "18", "18.4.1", "10Gi", "0 3 * * *", "@daily", "1h30m", " ", "a\nb")
    for entry in formats.ALL:
        literal = orjson.dumps(entry.pattern).decode()
        for text in (*texts, entry.example.strip('"')):
            python = re.search(entry.pattern.replace("$", r"\Z"), text) is not None
            assert holds(f"self.matches({literal})", text) == python, (entry.pattern, text)


def test_every_example_of_a_format_matches_it() -> None:
    for entry in formats.ALL:
        assert not entry.example or re.search(entry.pattern, entry.example.strip('"'))


def test_the_status_knows_every_phase_of_a_plan() -> None:
    assert {phase.value for phase in Phase} <= {phase.value for phase in status.Phase}


def test_the_status_is_never_defaulted() -> None:
    for path, schema in EVERYWHERE:
        assert not (path.startswith(".status.") and "default" in schema), path


def test_conditions_are_a_map_by_type() -> None:
    conditions = SCHEMA["properties"]["status"]["properties"]["conditions"]

    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert conditions["items"]["required"] == [
        *("type", "status", "reason", "message", "lastTransitionTime")
    ]


def test_times_are_times_for_every_client() -> None:
    committed = SCHEMA["properties"]["status"]["properties"]["git"]["properties"]["committedAt"]
    assert (committed["type"], committed["format"]) == ("string", "date-time")
