"""Reading YAML: what is plain is read, what readers disagree on is refused with its place."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
import ruamel.yaml
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.core import documents
from renderer.core.errors import InvalidError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: b", "b", id="plain-string"),
        pytest.param('a: "yes"', "yes", id="double-quoted-word"),
        pytest.param("a: 'no'", "no", id="single-quoted-word"),
        pytest.param("a: |\n  on\n", "on\n", id="literal-block"),
        pytest.param("a: >\n  x\n  y\n", "x y\n", id="folded-block"),
        pytest.param("a: x\n  y", "x y", id="plain-over-two-lines"),
        pytest.param("a: true", True, id="true"),
        pytest.param("a: False", False, id="capital-false"),
        pytest.param("a: tRUE", "tRUE", id="mixed-case-is-a-string"),
        pytest.param("a:", None, id="nothing"),
        pytest.param("a: ~", None, id="tilde"),
        pytest.param("a: null", None, id="null"),
        pytest.param("a: 0", 0, id="zero"),
        pytest.param("a: -17", -17, id="negative"),
        pytest.param("a: +17", 17, id="plus"),
        pytest.param("a: 0x1F", 31, id="hexadecimal"),
        pytest.param("a: 9223372036854775807", 2**63 - 1, id="largest-integer"),
        pytest.param("a: 1.5", 1.5, id="float"),
        pytest.param("a: 1.5e+3", 1500.0, id="float-with-signed-exponent"),
        pytest.param("a: 1.", 1.0, id="float-that-ends-in-a-point"),
        pytest.param("a: 1.2.3", "1.2.3", id="version-is-a-string"),
        pytest.param("a: 10Gi", "10Gi", id="quantity-is-a-string"),
        pytest.param("a: 10.0.0.0/8", "10.0.0.0/8", id="cidr-is-a-string"),
        pytest.param("a: -x", "-x", id="string-with-a-dash"),
        pytest.param('a: "\\u2028"', "\u2028", id="escaped-line-separator"),
        pytest.param('{"a": [1, {"b": null}]}', [1, {"b": None}], id="json"),
        pytest.param("\ufeffa: b", "b", id="byte-order-mark"),
        pytest.param("a: '<<'", "<<", id="quoted-merge-word"),
    ],
)
def test_a_scalar_is_read_as_every_reader_takes_it(text: str, value: object) -> None:
    found = documents.one(text, source="x.yaml").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "scalar",
    [
        "yes",
        "Yes",
        "YES",
        "no",
        "on",
        "off",
        "On",
        "OFF",
        "y",
        "Y",
        "n",
        "N",
        "017",
        "08",
        "0o17",
        "0b11",
        "-0x1F",
        "1_000",
        "1:30",
        "190:20:30",
        "1:30.5",
        "1e3",
        "1.5e3",
        ".5e3",
        "+.5",
        ".5",
        ".inf",
        "-.Inf",
        ".nan",
        "=",
        "<<",
        "2026-11-24",
        "2026-11-24T03:00:00Z",
        "9223372036854775808",
        "-9223372036854775809",
        "00",
        "1_0.5",
        "1__2",
        "0X1F",
        "-_8",
        "0B1",
        "4e_2",
    ],
)
def test_a_scalar_that_readers_disagree_on_is_refused(scalar: str) -> None:
    with pytest.raises(InvalidError) as caught:
        documents.one(f"first: 1\nspec:\n  a: {scalar}\n", source="f.yaml")
    [detail] = caught.value.details
    assert detail.field == "f.yaml:3:6"
    assert detail.value == repr(scalar)
    assert detail.remedy == f'quote it: "{scalar}"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: &x 1", "f.yaml:1:4: an anchor isn't allowed", id="anchor"),
        pytest.param("a: &x {}", "f.yaml:1:4: an anchor isn't allowed", id="anchored-mapping"),
        pytest.param("a: *x", "f.yaml:1:4: an alias isn't allowed", id="alias"),
        pytest.param("- *x", "f.yaml:1:3: an alias isn't allowed", id="alias-in-list"),
        pytest.param("*x : 1", "f.yaml:1:1: a key must be a string", id="alias-as-key"),
        pytest.param("a: !!str 1", "f.yaml:1:4: a tag isn't allowed", id="tag"),
        pytest.param("a: !x {b: c}", "f.yaml:1:4: a tag isn't allowed", id="tagged-mapping"),
        pytest.param("a: 1\n\na: 2", "f.yaml:3:1: duplicate key (got 'a')", id="duplicate"),
        pytest.param("1: a", "f.yaml:1:1: a key must be a string (got '1')", id="number-key"),
        pytest.param("null: a", "f.yaml:1:1: a key must be a string", id="null-key"),
        pytest.param("true: a", "f.yaml:1:1: a key must be a string", id="boolean-key"),
        pytest.param("on: a", "f.yaml:1:1: YAML readers disagree", id="word-key"),
        pytest.param("[a]: b", "f.yaml:1:1: a key must be a string", id="list-key"),
        pytest.param("<<: {a: 1}", "f.yaml:1:1: a merge key isn't allowed", id="merge"),
        pytest.param("%YAML 1.1\n---\na: 1", "a YAML directive isn't allowed", id="directive"),
        pytest.param("- a", "f.yaml:1:1: isn't a mapping", id="list"),
        pytest.param("a", "f.yaml:1:1: isn't a mapping", id="string"),
        pytest.param("a: [1", "isn't YAML", id="unclosed"),
        pytest.param("a: 1\n\tb: 2", "f.yaml:2:1: isn't YAML", id="tab"),
        pytest.param("a: 'x", "isn't YAML", id="open-quote"),
        pytest.param("a: \x01", "isn't YAML", id="control-character"),
        pytest.param("a: " + "[" * 100, "f.yaml:1:67: nested deeper than 64", id="deep"),
        pytest.param("a: 1\nb: \ud800", "f.yaml:2:1: half a surrogate pair", id="surrogate"),
        pytest.param(b"a: 1\nb: \xff", "f.yaml:2:1: byte 8 isn't UTF-8", id="not-utf-8"),
        pytest.param("a: 1\n---\nb: 2", "exactly one YAML document, found 2", id="two"),
        pytest.param("# nothing\n", "exactly one YAML document, found 0", id="none"),
        pytest.param(
            "a:\n" + "- xxxxxxxxxx\n" * 300_000, "longer than 3145728 characters", id="long"
        ),
    ],
)
def test_bad_yaml_is_refused_with_its_place(text: str | bytes, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        documents.one(text, source="f.yaml")
    assert message in str(caught.value)
    assert caught.value.details[0].remedy


def test_a_stream_is_read_document_by_document_and_empty_ones_are_skipped() -> None:
    text = "a: 1\n---\n---\n# only a comment\n---\nb: 2\n...\n---\nc: [\n"
    stream = documents.read(text, source="f.yaml")
    first, second = next(stream), next(stream)
    assert (first.value, first.first_line) == ({"a": 1}, 1)
    assert (second.value, second.first_line) == ({"b": 2}, 6)
    with pytest.raises(InvalidError):
        next(stream)


TEXT = """\
# a comment
kind: First
---
kind: SampleDB
spec:
  storage:
    size: 10Gi
  init:
    sql:
    - "CREATE TABLE t ()"
    - |
      SELECT 1;
      SELECT 2;
  flow: {a: [1,
    2]}
metadata:
  labels:
    app.kubernetes.io/name: x
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 4),
        ("spec", 5),
        ("spec.storage.size", 7),
        ("spec.init.sql", 9),
        ("spec.init.sql[0]", 10),
        ("spec.init.sql[1]", 11),
        ("spec.flow.a[1]", 15),
        ("metadata.labels[app.kubernetes.io/name]", 18),
        ("spec.storage.size.nowhere", 7),
        ("spec.nowhere[3].deep", 5),
        ("nowhere", 4),
        ("[0]", 4),
    ],
)
def test_a_field_is_found_on_its_line(path: str, line: int) -> None:
    _, document = documents.read(TEXT, source="f.yaml")
    assert document.line(path) == line


@pytest.mark.parametrize("scalar", ["1" * 10**6 + "x", "1:1" * 10**5 + "x", "1." * 10**5])
def test_a_long_scalar_takes_no_longer_than_to_read_it(scalar: str) -> None:
    started = time.process_time()
    assert documents.one(f"a: {scalar}", source="f.yaml").value == {"a": scalar}
    assert time.process_time() - started < 5


def test_lines_of_an_indented_document_are_right() -> None:
    document = documents.one("\n\n  a:\n    b: 1\n", source="f.yaml")
    assert (document.first_line, document.line("a.b")) == (3, 4)


def _reads_alike(text: str, value: object) -> bool:
    """Whether the other readers of the two versions of YAML take `text` for the same."""
    found: list[Any] = [yaml.safe_load(text)]
    for version in ((1, 1), (1, 2)):
        reader = ruamel.yaml.YAML(typ="safe", pure=True)
        reader.version = version
        found.append(reader.load(io.StringIO(text)))
    return all(item == value and type(item["a"]) is type(value["a"]) for item in found)  # type: ignore[index] # a mapping


@settings(deadline=None)
@given(st.text(alphabet="0123456789+-._:eExXobnyYNofalstrueTIniNS~=<", min_size=1, max_size=12))
def test_a_plain_scalar_that_is_accepted_reads_alike_elsewhere(scalar: str) -> None:
    text = f"a: {scalar}\n"
    try:
        value = documents.one(text, source="f.yaml").value
    except InvalidError:
        return
    assert _reads_alike(text, value)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    refused = ""
    try:
        for document in documents.read(content, source="f.yaml"):
            assert isinstance(document.value, dict)
            assert document.line("a.b[0]") >= document.first_line
    except InvalidError as error:
        refused = error.details[0].field
    assert not refused or refused.startswith("f.yaml:")
