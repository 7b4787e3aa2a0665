"""Writing YAML: the same bytes for the same value, read back equal by every reader."""

from __future__ import annotations

import io
import math
from typing import Any

import pytest
import ruamel.yaml
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from renderer.core import documents, emit
from renderer.core.errors import InvalidError

CANONICAL = """\
apiVersion: "apps/v1"
kind: "StatefulSet"
metadata:
  name: "orders"
  namespace: "team-a"
  annotations: {}
  labels:
    "1": "2"
    app.kubernetes.io/name: "y"
    "on": "off"
spec:
  containers:
  - name: "server"
    args:
    - - 1
      - 2
    - []
    - {}
    script: |
      set -eu

        echo "$HOME"
  exponent: 1.0e+20
  flags:
  - true
  - null
  "n": null
  no-break: |-
    two
    lines
  replicas: 1
  small: 1.0e-07
  spaces: " a\\nb"
  tail: |+
    a


  unicode: "é\\x85\\u2028\\ufeff😀\\t\\0"
"""


def test_a_document_is_written_in_its_canonical_form() -> None:
    value = {
        "spec": {
            "replicas": 1,
            "unicode": "é\x85\u2028\ufeff😀\t\0",
            "flags": [True, None],
            "n": None,
            "exponent": 1e20,
            "small": 1e-7,
            "spaces": " a\nb",
            "tail": "a\n\n\n",
            "no-break": "two\nlines",
            "containers": [
                {
                    "script": 'set -eu\n\n  echo "$HOME"\n',
                    "args": [(1, 2), [], {}],
                    "name": "server",
                }
            ],
        },
        "kind": "StatefulSet",
        "metadata": {
            "labels": {"on": "off", "1": "2", "app.kubernetes.io/name": "y"},
            "annotations": {},
            "namespace": "team-a",
            "name": "orders",
        },
        "apiVersion": "apps/v1",
    }
    assert emit.dump(value).decode() == CANONICAL


def test_an_empty_document_is_an_empty_mapping() -> None:
    assert emit.dump({}) == b"{}\n"


@pytest.mark.parametrize("word", ["y", "N", "yes", "No", "on", "OFF", "true", "False", "NULL"])
def test_a_key_that_could_be_a_word_is_quoted(word: str) -> None:
    assert emit.dump({word: 1}) == f'"{word}": 1\n'.encode()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param({"a": {"b": ["x", "\ud800"]}}, "a.b[1]", id="surrogate"),
        pytest.param({"a": {"\udfff": 1}}, "a", id="surrogate-in-a-key"),
        pytest.param({"a": {"x" * 1001: 1}}, "a", id="long-key"),
        pytest.param({"a": {"b.c/d": math.nan}}, "a[b.c/d]", id="nan"),
        pytest.param({"a": math.inf}, "a", id="infinity"),
        pytest.param({"a": 2**63}, "a", id="beyond-64-bits"),
        pytest.param({"a": {1: "x"}}, "a.1", id="number-as-key"),
        pytest.param({"a": {1: "x", "b": 2}}, "a.1", id="mixed-keys"),
        pytest.param({"a": b"x"}, "a", id="bytes"),
        pytest.param({"a": object}, "a", id="object"),
    ],
)
def test_what_readers_cant_agree_on_is_refused_with_its_field(
    value: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        emit.dump(value)
    assert caught.value.details[0].field == field


TRICKY = st.sampled_from(
    [
        "y", "no", "1e3", "08", "0o17", "0x1F", "1_000", "1:30", "~", "null", "", " ", "-", "- a",
        "? b", "a: b", "a #b", "#", "&a", "*a", "!a", "|", ">", "%", "@", "`", "'", '"', "\\",
        "---", "...", "--- a\n...\n", "{}", "[]", "a\n", "\n", "\n\n", "a\n\n", " a\n", "a\n b\n",
        "a\n\tb\n", "a \n", "a\r\nb\n", "a\n ", "a\n \n", "\ta\nb", "a\n\n\n\nb\n", "# c\nd\n",
        "\x85", "a\x85b\nc", "\u2028", "\u2029", "\ufeff", "\xa0", "\x7f", "\uffff", "😀\n😀",
        "=", "<<", "2026-11-24", ".inf", ".nan", "a\n---\nb\n", "a\n...\n",
    ]
)  # fmt: skip
TEXTS = (
    TRICKY
    | st.text(st.characters(codec="utf-8"), max_size=30)
    | st.text(alphabet="ab \t\n#:-'\"\\|>", max_size=20)
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def _same(found: object, value: object) -> bool:
    """Equal in type too: 1, 1.0 and True are three things."""
    if type(found) is not type(value):
        return False
    if isinstance(value, dict):
        return found.keys() == value.keys() and all(_same(found[k], value[k]) for k in value)  # type: ignore[attr-defined,index] # a dict too
    if isinstance(value, list):
        return len(found) == len(value) and all(map(_same, found, value))  # type: ignore[arg-type,call-overload] # a list too
    return found == value


def _ruamel(text: str, version: tuple[int, int]) -> object:
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.version = version
    reader.allow_duplicate_keys = False
    return reader.load(io.StringIO(text))


@settings(max_examples=150, deadline=None)
@example({"a": "x\n y\n  \nz\n"})
@example({"a": ["a\n\n", "b\n\n"], "b": "c\n\n"})
@given(DOCUMENTS)
def test_what_is_written_reads_back_equal_under_every_reader(value: dict[str, Any]) -> None:
    content = emit.dump(value)
    text = content.decode()
    assert _same(documents.one(content, source="x.yaml").value, value)
    assert _same(yaml.safe_load(text), value)
    assert _same(_ruamel(text, (1, 1)), value)
    assert _same(_ruamel(text, (1, 2)), value)


@settings(deadline=None)
@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_of_keys_makes_no_difference(value: dict[str, Any], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert emit.dump({key: value[key] for key in keys}) == emit.dump(value)
