"""Values put into templates: as if they had been written out and read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.core.errors import InvalidError
from renderer.templating.engine import Engine
from renderer.templating.values import MARK, to_json

_texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=40
) | st.sampled_from(
    ["on", "1e3", "08", "~", "{{ x }}", "${A}", "a: b", "- x", "'\"\\", MARK, "\u2028\x85"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    directory = tmp_path_factory.mktemp("pack")
    (directory / "t.yaml.j2").write_text(
        "a: {{ a }}\n"
        "list:\n"
        "{% for item in many %}  - {{ item }}\n{% endfor %}"
        "  - end\n"
        "{% if a %}? {{ key }}\n: {{ a | tojson }}\n{% endif %}"
        'flow: {"x": {{ many }}, "y": [{{ key }}]}\n'
        "block: |\n  before {{ key }} after\n"
        "{% set caught %}({{ key }}){% endset %}"
        "caught: {{ caught }}\n"
    )
    return Engine("pack", directory)


@settings(max_examples=200, deadline=None)
@given(a=_values, key=_texts, many=st.lists(_values, max_size=4))
def test_values_put_into_a_parsed_template_equal_the_parsed_full_text(
    engine: Engine, a: object, key: str, many: list[object]
) -> None:
    context = {"a": a, "key": key, "many": many}
    try:
        expected = engine.written_out("t.yaml.j2", context)
    except InvalidError:
        with pytest.raises(InvalidError):
            engine.document("t.yaml.j2", context)
        return
    assert engine.document("t.yaml.j2", context) == expected
    assert expected["a"] == a
    assert expected["flow"] == {"x": many, "y": [key]}


@given(_values)
def test_json_in_a_template_has_no_character_that_a_yaml_reader_treats_as_a_break(
    value: object,
) -> None:
    assert not set(to_json(value)) & set("\x85\u2028\u2029\ufeff\x7f")
