"""The record in Git: exact both ways, and a broken one stops everything with a way out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.core import documents, emit, manifests
from renderer.core.configuration import Configuration
from renderer.core.errors import InvalidError
from renderer.core.layout import HASH_ANNOTATION, Key
from renderer.core.observed import Stamp
from renderer.core.record import Ended, Record, Underway

KEY = Key(namespace="team-a", name="orders")
FULL = Record(
    generation=3,
    input_digest="0123456789abcdef",
    underway=Underway(type="configure", id="configure-3", step="Render"),
    initialized={"initialized": True, "database": "app", "nothing": None, "size": 1.5},
    image="postgres:18",
    data_version="18",
    hibernated=True,
    configuration=Configuration(parameters={"work_mem": "8MB", "app.snake_case": ""}, hba=("x",)),
    final_backup={"id": "x", "sha256": "0" * 64, "nested": {"snake_case": [1, 2]}},
    ended=(Ended(type="provision", id="provision-1", result="Succeeded"),),
    children={"Service/orders": Stamp(content_hash="0123456789abcdef", generation=2)},
    files_digest="fedcba9876543210",
)


def _write(record: Record) -> bytes:
    return emit.dump(manifests.record_document(record, key=KEY, engine="postgresql"))


@pytest.mark.parametrize(
    "record", [FULL, Record(generation=1, input_digest="")], ids=["full", "empty"]
)
def test_a_record_reads_back_equal(record: Record) -> None:
    assert manifests.read_record(_write(record), source="record.yaml") == record


def test_a_record_in_another_form_of_yaml_reads_back_equal() -> None:
    content = _write(FULL) + b"immutable: false\n"
    assert manifests.read_record(content, source="record.yaml") == FULL


RESULTS = st.none() | st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8")),
    max_size=4,
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
RECORDS = st.builds(
    Record,
    generation=st.integers(0, 10**9),
    input_digest=WORDS,
    underway=st.none() | st.builds(Underway, type=WORDS, id=WORDS, step=WORDS),
    initialized=RESULTS,
    image=WORDS,
    data_version=WORDS,
    hibernated=st.booleans(),
    final_backup=RESULTS,
    ended=st.lists(st.builds(Ended, type=WORDS, id=WORDS, result=WORDS), max_size=3).map(tuple),
    children=st.dictionaries(
        WORDS,
        st.builds(
            Stamp,
            content_hash=st.text("0123456789abcdef", min_size=16, max_size=16),
            generation=st.integers(0, 10**9),
        ),
        max_size=4,
    ),
    files_digest=WORDS,
)


@settings(deadline=None)
@given(RECORDS)
def test_any_record_reads_back_equal_in_any_form_of_yaml(record: Record) -> None:
    content = _write(record)
    assert manifests.read_record(content, source="r") == record
    # A comment at the end takes the slow way, through the YAML reader.
    assert manifests.read_record(b"# edited\n" + content, source="r") == record
    assert manifests.read_record(content.replace(b"\n", b"\r\n"), source="r") == record


def test_the_record_is_an_object_of_its_own_with_a_stamp() -> None:
    document = documents.one(_write(FULL), source="r").value
    metadata = document["metadata"]
    assert (document["kind"], metadata["name"], metadata["namespace"]) == (
        "ConfigMap",
        "orders-record",
        "team-a",
    )
    assert metadata["labels"]["sampledb.dev/role"] == "record"
    assert metadata["annotations"][HASH_ANNOTATION] == manifests.content_hash(document)


def test_one_child_is_one_line() -> None:
    assert b'        "Service/orders": "0123456789abcdef@2"\n' in _write(FULL)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param("{\n", "{{\n", "data[record.json]: isn't JSON", id="not-json"),
        pytest.param('"generation": 3', '"generation": "3"', "generation: Input", id="type"),
        pytest.param('"generation": 3', '"generation": 3.5', "generation: Input", id="float"),
        pytest.param('"hibernated": true', '"hibernated": 1', "hibernated: Input", id="boolean"),
        pytest.param('"type": "configure"', '"typ": "x"', "underway.type: Field", id="missing"),
        pytest.param(
            '"generation": 3', '"generation": 3, "more": 1', "more: isn't a field", id="unknown"
        ),
        pytest.param(
            '"step": "Render"',
            '"step": "Render", "more": 1',
            "underway: isn't",
            id="unknown-below",
        ),
        pytest.param('def@2"', 'def"', "children[Service/orders]: isn't <hash>", id="stamp"),
        pytest.param('"children": {', '"children": 1, "x": {', "children: isn't", id="children"),
        pytest.param('"schema": 1', '"schema": 2', "schema: was written by another", id="schema"),
        pytest.param('"schema": 1', '"schema": null', "schema: was written", id="no-schema"),
        pytest.param("record.json:", "other.json:", "the record isn't there", id="other-key"),
        pytest.param('kind: "ConfigMap"', 'kind: "X"', "the record isn't there", id="other-kind"),
        pytest.param("data:", "data: [", "isn't YAML", id="not-yaml"),
    ],
)
def test_a_broken_record_is_refused_with_the_way_out(old: str, new: str, problem: str) -> None:
    text = _write(FULL).decode()
    assert old in text
    with pytest.raises(InvalidError) as caught:
        manifests.read_record(text.replace(old, new, 1).encode(), source="a/record.yaml")
    message = str(caught.value)
    assert message.startswith("a/record.yaml")
    assert problem in message
    assert "git revert" in message or "renderer that is at least as new" in message


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    document = manifests.record_document(FULL, key=KEY, engine="x") | {
        "data": {"record.json": text}
    }
    with pytest.raises(InvalidError, match="isn't a JSON object"):
        manifests.read_record(emit.dump(document), source="r")
