"""SampleDBs of the command line, taken through one pass each; a bad one never stops the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from renderer import reconcile
from renderer.cli.findings import Finding, Rule
from renderer.cli.sources import placed
from renderer.core.desired import Desired
from renderer.core.documents import Document
from renderer.core.errors import InvalidError
from renderer.core.plan import Plan, Trouble
from renderer.git.change import Change
from renderer.reconcile import Packs, Place, Stored, Tip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One SampleDB, decided and rendered."""

    document: Document
    desired: Desired
    plan: Plan
    held: Stored
    change: Change | None
    """None when nothing is to be written: it is paused, or already as it should be."""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return str(self.desired.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What every SampleDB of one command is rendered with."""

    packs: Packs
    place: Place
    tip: Tip
    namespace: str = ""
    """For SampleDBs that name none."""
    skip_unchanged: bool = False
    """Don't render what the repository surely holds already."""


def render_all(
    documents: Iterable[Document], shop: Shop
) -> tuple[tuple[Rendered, ...], tuple[Finding, ...]]:
    """Render each SampleDB; what is wrong with one becomes findings with file and line."""
    rendered: list[Rendered] = []
    findings: list[Finding] = []
    now = datetime.now(UTC)
    for document in documents:
        try:
            one = _render(document, shop, now)
        except InvalidError as error:
            findings.extend(placed(error, document=document, key=named(document)))
            continue
        problem = one.plan.problem
        if problem is not None and problem.trouble is Trouble.STALLED:
            findings.append(_stalled(one, problem.message))
            continue
        rendered.append(one)
    return tuple(rendered), tuple(findings)


def _render(document: Document, shop: Shop, now: datetime) -> Rendered:
    desired = reconcile.resolve(document.value, shop.packs, shop.namespace)
    held = reconcile.stored(shop.tip, shop.place, desired.key)
    plan = reconcile.plan(desired, None, held, now)
    change = None
    if not (
        shop.skip_unchanged and reconcile.as_it_stands(desired, plan, shop.place, held, shop.tip)
    ):
        change = reconcile.change(desired, plan, shop.packs, shop.place, held)
    return Rendered(document=document, desired=desired, plan=plan, held=held, change=change)


def _stalled(one: Rendered, message: str) -> Finding:
    field, found, problem = message.partition(": ")
    if not found or not field.startswith(("spec.", "metadata.")):
        field, problem = "", message
    return Finding(
        rule=Rule.INPUT,
        file=one.document.source,
        line=one.document.line(field),
        field=field,
        problem=problem,
        key=one.key,
    )


def named(document: Document) -> str:
    """`namespace/name` as far as the document says so."""
    metadata = document.value.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    parts = (metadata.get("namespace"), metadata.get("name"))
    return "/".join(part for part in parts if isinstance(part, str) and part)
