"""Every example is accepted or refused as its first line says, by us and by the CRD."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from admission import faults, filled

from renderer.core import crd, documents
from renderer.core.errors import InvalidError
from renderer.core.resource import check_update, parse

EXAMPLES = Path(__file__).parents[2] / "examples"
SCHEMA = crd.schema()
EXPECT = "# expect: "

ONLY_OURS = {
    "api-version": "the API server routes by it",
    "kind": "the API server routes by it",
    "top-level-field": "kubectl refuses unknown fields, the API server prunes them",
    "name-missing": "the API server's own rule",
    "namespace": "the API server's own rule",
    "storage-field": "kubectl refuses unknown fields, the API server prunes them",
    "unknown-field": "kubectl refuses unknown fields, the API server prunes them",
    "network-policy-selector": "kubectl refuses unknown fields, the API server prunes them",
    "resources-field": "free-form in the schema",
    "resources-quantity": "free-form in the schema",
    "resources-above-limit": "free-form in the schema",
    "backup-schedule-backwards": "a pattern can't compare numbers",
    "upgrade-window-length": "a pattern can't compare numbers",
    "upgrade-window-zone": "the API server has no list of time zones for CEL",
    "backup-schedule-never": "a pattern knows no calendar",
    "backup-time-zone": "a schema knows no list of time zones",
    "chaos-duration-too-long": "a pattern can't compare durations",
    "chaos-name-twice": "the API server's own rule for a list of type map",
    "chaos-recover-within": "a pattern can't compare durations",
    "chaos-schedule": "a pattern knows no calendar",
    "chaos-time-zone": "a schema knows no list of time zones",
    "network-policy-cidr": "a pattern knows no addresses",
    "network-policy-except": "a pattern knows no addresses",
}
"""Broken examples that the CRD lets through, and why."""


def read(path: Path) -> list[dict[str, Any]]:
    return [one.value for one in documents.read(path.read_text(), source=path.name)]


def expected(path: Path) -> str:
    first = path.read_text().splitlines()[0]
    assert first.startswith(EXPECT), f"{path} must begin with '{EXPECT}<field>'"
    return first.removeprefix(EXPECT)


def blamed(field: str) -> set[str]:
    """The field, and what holds it: a CEL rule over a list or a map names that."""
    return {field, field.rpartition(".")[0], field.rpartition("[")[0]}


def files(folder: str) -> list[Any]:
    found = sorted((EXAMPLES / folder).rglob("*.yaml"))
    return [pytest.param(path, id=path.stem) for path in found]


GOOD = [
    pytest.param(EXAMPLES / "minimal.yaml", id="minimal"),
    pytest.param(EXAMPLES / "production.yaml", id="production"),
    *files("team"),
]


@pytest.mark.parametrize("path", GOOD)
def test_a_good_example_is_accepted(path: Path) -> None:
    (document,) = read(path)

    assert parse(document).name == path.stem or path.parent == EXAMPLES
    assert list(faults(filled(document, SCHEMA), SCHEMA)) == []


@pytest.mark.parametrize("path", GOOD)
def test_a_good_example_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith("# ")


def test_the_team_lives_in_two_namespaces() -> None:
    dbs = [parse(read(path)[0]) for path in sorted((EXAMPLES / "team").rglob("*.yaml"))]

    assert len(dbs) == 6
    assert {db.namespace for db in dbs} == {"team-a", "team-b"}


@pytest.mark.parametrize("path", files("broken"))
def test_a_broken_example_is_refused_for_its_field(path: Path) -> None:
    (document,) = read(path)
    with pytest.raises(InvalidError) as caught:
        parse(document)
    others = [one for one in caught.value.details if one.field != expected(path)]

    assert len(others) < len(caught.value.details)
    assert all(one.problem.startswith("not supported yet") for one in others)
    assert all(len(str(one).splitlines()) == 1 for one in caught.value.details)


@pytest.mark.parametrize("path", files("broken"))
def test_a_broken_example_is_refused_by_the_crd_too(path: Path) -> None:
    (document,) = read(path)
    if path.stem == "name-missing":
        return
    found = dict(faults(filled(document, SCHEMA), SCHEMA))

    if path.stem in ONLY_OURS or path.stem.startswith("unsupported-"):
        assert found == {}
    else:
        assert any(
            field.lstrip(".") in blamed(expected(path))
            or (field == "" and expected(path) in message)
            for field, message in found.items()
        ), found


@pytest.mark.parametrize("path", files("broken"))
def test_what_is_not_supported_yet_is_said_in_these_words(path: Path) -> None:
    if path.stem.startswith("unsupported-"):
        with pytest.raises(InvalidError, match="not supported yet"):
            parse(read(path)[0])


@pytest.mark.parametrize("path", files("broken-updates"))
def test_a_forbidden_change_is_refused_for_its_field(path: Path) -> None:
    old, new = read(path)
    with pytest.raises(InvalidError) as caught:
        check_update(parse(old), parse(new))
    (detail,) = caught.value.details
    ((field, message),) = faults(filled(new, SCHEMA), SCHEMA, old=filled(old, SCHEMA))

    assert detail.field == expected(path) == field.lstrip(".")
    assert message == f"{detail.problem}; {detail.remedy}"


def test_every_unsupported_field_has_an_example() -> None:
    from renderer.core.resource.unsupported import TABLE  # noqa: PLC0415 # for this test alone

    shown = {expected(path) for path in (EXAMPLES / "broken").glob("unsupported-*.yaml")}
    assert {f"spec.{entry.field}" for entry in TABLE} - {"spec.migrations.targetVersion"} == shown
