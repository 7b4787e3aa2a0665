"""The whole line for any SampleDB: resolve, decide, render, stage, summarise.

Every example is rendered once and asked everything, since rendering is what costs time.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import ruamel.yaml
import yaml
from hypothesis import HealthCheck, given, settings
from strategies import sampledbs

from renderer import reconcile
from renderer.core import crd, documents, layout, manifests, schemas
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.objects import blob_id
from renderer.core.plan import Plan
from renderer.reconcile import Packs, Place

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PACKS = Packs()
PLACE = Place(path="clusters/test")
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


class Branch:
    """A tip that holds one directory."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self._blobs = {name: blob_id(text) for name, text in content.items()}
        self._content = {self._blobs[name]: text for name, text in content.items()}

    def tree(self, _directory: str) -> str | None:
        return "tree"

    def listing(self, _directory: str) -> dict[str, str]:
        return self._blobs

    def read_many(self, blob_ids: list[str]) -> dict[str, bytes]:
        return {blob: self._content[blob] for blob in blob_ids}

    def read(self, _path: str) -> bytes | None:
        return None


def rendered(desired: Desired) -> tuple[Plan, manifests.Staged]:
    plan = decide(desired, None, None, NOW)
    return plan, reconcile.stage(desired, plan, PACKS, None)


def awake(document: dict[str, Any]) -> dict[str, Any]:
    """The document, not paused: something is rendered."""
    return {**document, "spec": {**document["spec"], "paused": False}}


def ruamel_read(text: str, version: tuple[int, int]) -> object:
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.version = version
    return reader.load(io.StringIO(text))


def yaml_11(text: str) -> object:
    loader = yaml.CSafeLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


@settings(max_examples=20, deadline=None, suppress_health_check=QUIET)
@given(sampledbs().map(awake))
def test_any_accepted_sampledb_renders_valid_files_that_every_reader_reads_alike(
    document: dict[str, Any],
) -> None:
    desired = reconcile.resolve(document, PACKS)
    _, staged = rendered(desired)
    objects = []
    for name, content in staged.content.items():
        text = content.decode()
        value = documents.one(content, source=name).value
        assert yaml_11(text) == value
        if name not in {"configmap.yaml", "configmap-scripts.yaml"}:
            assert ruamel_read(text, (1, 2)) == value
        if name in {"statefulset.yaml", "service.yaml", "job-init.yaml"}:
            assert ruamel_read(text, (1, 1)) == value
        if name not in {layout.KUSTOMIZATION_FILE, layout.RECORD_FILE}:
            objects.append(value)
            assert schemas.validate(value, source=name) == ()
    manifests.gate(objects, key=desired.key)


@settings(max_examples=4, deadline=None, suppress_health_check=QUIET)
@given(sampledbs().map(awake))
def test_every_file_reads_back_equal_under_ruamels_both_versions(
    document: dict[str, Any],
) -> None:
    for name, content in rendered(reconcile.resolve(document, PACKS))[1].content.items():
        value = documents.one(content, source=name).value
        assert ruamel_read(content.decode(), (1, 1)) == value
        assert ruamel_read(content.decode(), (1, 2)) == value


@settings(max_examples=15, deadline=None, suppress_health_check=QUIET)
@given(sampledbs().map(awake))
def test_a_second_pass_changes_nothing(document: dict[str, Any]) -> None:
    desired = reconcile.resolve(document, PACKS)
    _, staged = rendered(desired)
    tip = Branch(dict(staged.content))
    held = reconcile.stored(tip, PLACE, desired.key)
    assert held.record == staged.record
    again = reconcile.plan(desired, None, held, NOW + timedelta(days=1))
    assert reconcile.as_it_stands(desired, again, PLACE, held, tip)
    assert reconcile.stage(desired, again, PACKS, held.record).content == staged.content


def stored_schema() -> dict[str, Any]:
    """The CRD's schema of a whole SampleDB."""
    schema: dict[str, Any] = crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def filled(value: Any, schema: dict[str, Any]) -> Any:  # any JSON value
    """The value with the CRD's defaults written out, as the API server stores it."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        defaults = {
            name: below["default"] for name, below in properties.items() if "default" in below
        }
        return {
            name: filled(item, properties.get(name, {}))
            for name, item in {**defaults, **value}.items()
        }
    if isinstance(value, list):
        return [filled(item, schema.get("items", {})) for item in value]
    return value


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(sampledbs())
def test_writing_out_every_default_changes_nothing(document: dict[str, Any]) -> None:
    desired = reconcile.resolve(document, PACKS)
    whole = filled(document, stored_schema())
    again = reconcile.resolve(whole, PACKS)
    assert (again.digest, again.init_digest) == (desired.digest, desired.init_digest)
