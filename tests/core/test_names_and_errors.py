"""Names, paths and error texts."""

from __future__ import annotations

import pytest

from renderer.core import emit, layout
from renderer.core.errors import Detail, InvalidError, TransientError, invalid, transient
from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        pytest.param("", "", id="root"),
        pytest.param("clusters/prod/", "clusters/prod", id="trailing-slash"),
        pytest.param("./clusters//prod/.", "clusters/prod", id="dots-and-doubles"),
    ],
)
def test_a_path_has_one_form(path: str, canonical: str) -> None:
    assert layout.prefix(path) == canonical


@pytest.mark.parametrize("path", ["/etc", "a/../..", ".git/hooks", "a/.git", "a\\b", "a\0b"])
def test_a_path_that_leaves_the_repository_is_refused(path: str) -> None:
    with pytest.raises(InvalidError, match="stay inside the repository"):
        layout.prefix(path)


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "A", "a" * 254, "a\n"])
def test_a_name_that_is_no_label_is_no_directory(name: str) -> None:
    with pytest.raises(InvalidError, match="RFC 1123"):
        layout.component(name, field="metadata.name")


def test_everything_lies_below_the_path_of_the_setting() -> None:
    assert str(KEY) == "team-a/orders"
    assert layout.directory("clusters/prod", KEY) == "clusters/prod/databases/team-a/orders"
    assert layout.databases("") == "databases"
    assert layout.app_file("clusters/prod", KEY) == "clusters/prod/apps/team-a.orders.yaml"
    assert layout.owner_file("clusters/prod") == "clusters/prod/.sampledb-owner.yaml"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(invalid("is wrong"), "is wrong", id="problem-alone"),
        pytest.param(
            invalid("is wrong", field="spec.version", value="x", remedy="mend it"),
            "spec.version: is wrong (got 'x'); mend it",
            id="everything",
        ),
        pytest.param(
            transient("didn't answer", field="git", remedy="wait"),
            "git: didn't answer; wait",
            id="transient",
        ),
        pytest.param(
            TransientError(Detail(problem="one"), Detail(problem="two")), "one\ntwo", id="two"
        ),
    ],
)
def test_an_error_says_where_what_and_the_way_out(error: Exception, text: str) -> None:
    assert str(error) == text


def test_what_is_fine_is_passed_over_in_search_of_what_cannot_be_written() -> None:
    with pytest.raises(InvalidError) as caught:
        emit.dump({"a": {"fine": [1, "x"]}, "b": [[], {}], "c": float("nan")})
    assert [detail.field for detail in caught.value.details] == ["c"]
