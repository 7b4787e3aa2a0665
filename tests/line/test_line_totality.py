"""For anything at all: `decide` has a plan that gives up no data, `summarise` a status."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st
from situations import NAMES, NOW, OBSERVED, RECORDS, WANTED, WORDS

from renderer.core import crd
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.early_status import awaited_status, invalid_status
from renderer.core.layout import Role
from renderer.core.observed import (
    Observed,
)
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.plan import Files, Plan, Trouble
from renderer.core.record import Record
from renderer.core.status import GitState, Pass, summarise


def stored_schema() -> dict[str, Any]:
    """The CRD's schema of a whole SampleDB."""
    schema: dict[str, Any] = crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def gives_up_data(plan: Plan) -> bool:
    """True when the plan lifts the data volume's protection or takes it out of Git."""
    if plan.files is Files.LEAVE:
        return False
    record = plan.record
    filling = record and record.underway and record.underway.type == "ProvisionFromBackup"
    if filling and record and not (record.data_version and record.underway.step == "Start"):
        return not plan.protect  # nothing has run yet; what lies there stays protected
    return plan.files is Files.REMOVE or not plan.protect or Role.DATA not in plan.roles


def may_give_up_data(
    desired: Desired, observed: Observed, record: Record | None, plan: Plan
) -> bool:
    """True when there is proof, or the user's word, or there are no data."""
    claim = observed.claim(NAMES.data)
    going_on = plan.record.underway if plan.record else None
    proof = bool((record and record.final_backup) or (plan.record and plan.record.final_backup))
    if claim is None and observed.server(NAMES.server) is None:
        return True
    if going_on and going_on.type == "DeleteRetain":
        return claim is None or claim.protected
    deletion = desired.db.spec.deletion
    word = deletion.policy == "Delete" and deletion.confirm
    underway = record.underway if record else None
    begun = bool(underway and underway.step in {"Remove", "Clear"})
    at_once = bool(underway and underway.type == "DeleteAtOnce" and begun)
    return proof or word or at_once


@settings(max_examples=500, deadline=None)
@given(WANTED, OBSERVED, st.none() | RECORDS)
def test_decide_has_a_plan_for_everything_and_never_gives_up_data_without_proof(
    desired: Desired, observed: Observed, record: Record | None
) -> None:
    plan = decide(desired, observed, record, NOW)
    assert plan == decide(desired, observed, record, NOW)
    assert plan.why
    if plan.problem is not None and plan.problem.trouble is Trouble.STALLED:
        assert plan.problem.message
    if gives_up_data(plan):
        assert desired.db.deleting
        assert may_give_up_data(desired, observed, record, plan)
    if plan.drop_finalizer:
        assert desired.db.deleting
        assert record is None


@settings(max_examples=300, deadline=None)
@given(WANTED, st.none() | RECORDS)
def test_without_a_cluster_nothing_is_given_up_and_the_record_stays_at_its_step(
    desired: Desired, record: Record | None
) -> None:
    plan = decide(desired, None, record, NOW)
    assert not gives_up_data(plan)
    assert not plan.drop_finalizer
    before = record.underway if record else None
    if before and plan.files is Files.WRITE and plan.operation == before.id:
        operation = OPERATIONS[before.type]
        assert plan.step == operation.steps[operation.index(before.step)].name


@cache
def status_schema() -> jsonschema_rs.Draft202012Validator:
    schema = stored_schema()["properties"]["status"]
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def acceptable(status: dict[str, object]) -> None:
    """What the API server asks of a status."""
    faults = [
        f"{error.instance_path}: {error.message}" for error in status_schema().iter_errors(status)
    ]
    assert not faults
    conditions: Any = status["conditions"]
    types = [condition["type"] for condition in conditions]
    assert len(types) == len(set(types))
    assert all(condition["lastTransitionTime"] for condition in conditions)


GIT = st.builds(
    GitState,
    repository=st.just("https://git.example.com/db"),
    branch=st.just("main"),
    path=st.just("clusters/test"),
    commit=st.sampled_from(["", "c" * 40]),
    committed_at=st.sampled_from(["", "2026-01-02T03:04:05Z"]),
    pending=st.booleans(),
    error=WORDS,
)


@settings(max_examples=300, deadline=None)
@given(WANTED, OBSERVED, st.none() | RECORDS, st.none() | RECORDS, GIT)
def test_every_pass_has_a_status_that_the_api_server_takes(
    desired: Desired,
    observed: Observed,
    record: Record | None,
    later: Record | None,
    git: GitState,
) -> None:
    status: dict[str, object] = awaited_status()
    acceptable(status)
    for known in (record, later, later):
        before = status
        status = summarise(
            Pass(
                desired=desired,
                plan=decide(desired, observed, known, NOW),
                observed=observed,
                record=known,
                git=git,
                previous=before,
                now=NOW,
            )
        )
        acceptable(status)
    assert status == before, "the same pass again changes nothing"
    message = "spec.version: is wrong" * 3000
    acceptable(invalid_status(generation=4, message=message, previous=status, now=NOW))
