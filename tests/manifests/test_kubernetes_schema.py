"""Objects against Kubernetes' schema: what the API server would refuse, in plain words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.core import schemas
from renderer.core.layout import Role

Document = dict[str, Any]
Give = Callable[[Role], Document]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_a_good_object_of_each_role_is_fine(role: Role, prepared: Give) -> None:
    assert schemas.validate(prepared(role)) == ()


def test_every_pattern_of_the_schema_has_words() -> None:
    """A message never shows a regular expression."""

    def bare(schema: object) -> list[object]:
        if isinstance(schema, list):
            return [found for item in schema for found in bare(item)]
        if not isinstance(schema, dict):
            return []
        mine = (
            [schema] if isinstance(schema.get("pattern"), str) and "x-words" not in schema else []
        )
        return mine + [found for item in schema.values() for found in bare(item)]

    file = Path(schemas.__file__).with_name("kubernetes.json")
    assert bare(json.loads(file.read_text())) == []
    assert file.stat().st_size < 400_000


def test_the_source_stands_before_the_field(prepared: Give) -> None:
    document = prepared(Role.SERVER)
    document["spec"]["replicas"] = -1
    document["bogus"] = {}
    fields = {detail.field for detail in schemas.validate(document, source="x.yaml")}
    assert fields == {"x.yaml: spec.replicas", "x.yaml: bogus"}


def test_a_long_value_is_cut_in_the_message(prepared: Give) -> None:
    document = prepared(Role.CONFIG)
    document["data"] = ["x" * 500]
    [detail] = schemas.validate(document)
    assert len(detail.value) == 120


def test_a_claim_template_serves_as_a_volume(prepared: Give) -> None:
    document = prepared(Role.SERVER)
    document["spec"]["template"]["spec"].pop("volumes")
    claim = prepared(Role.DATA)
    claim["metadata"] = {"name": "data"}
    document["spec"]["volumeClaimTemplates"] = [claim]
    assert schemas.validate(document) == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    st.sampled_from(schemas.KINDS),
    st.dictionaries(st.sampled_from(["metadata", "spec", "data", "x"]), VALUES),
)
def test_any_object_is_accepted_or_told(kind: str, rest: Document) -> None:
    version, _, word = kind.rpartition("/")
    found = schemas.validate({"apiVersion": version, "kind": word, **rest})
    assert all(detail.problem and detail.remedy for detail in found)


def test_importing_the_schemas_loads_no_validator() -> None:
    code = "import sys; from renderer.core import schemas; print('jsonschema_rs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
