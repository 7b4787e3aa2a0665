"""`sampledb doctor`: why one SampleDB isn't healthy, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.one import name_argument, opened, output_option, written
from renderer.cli.options import CLUSTER, with_settings
from renderer.cli.seen import age, at, clock, condition
from renderer.cli.table import columns
from renderer.cluster.cache import key_of
from renderer.cluster.client import Object
from renderer.core.advice import ADVICE, UNKNOWN
from renderer.core.layout import names
from renderer.core.remedy import About
from renderer.settings import Settings

_EXAMPLES = """
sampledb doctor team-a/orders

# in a script: 0 is healthy
sampledb -q doctor team-a/orders >/dev/null || echo 'look at it'

# the reason alone
sampledb doctor team-a/orders -o json | jq -r '.findings[].reason'
"""
_WRONG = (
    ("DeletionBlocked", "True"),
    ("Stalled", "True"),
    ("Committed", "False"),
    ("Applied", "False"),
    ("BackedUp", "False"),
    ("Ready", "False"),
    ("ClockSkew", "True"),
)
"""(condition, the value that is wrong), weightiest first."""
_NO_FAULT = {("BackedUp", "NoneYet")}
_KINDS = {"argocd": "Application", "flux": "Kustomization"}


@new_command("doctor", examples=_EXAMPLES)
@name_argument
@output_option("text")
@with_settings(*CLUSTER)
def command(*, settings: Settings, name: str, output: str) -> int:
    """Explain why one SampleDB isn't healthy; exit 0 when it is, else 1.

    For each condition that is wrong: since when, which object it is about, whose words the
    message holds, what it means, and what to do next. docs/runbook.md has the same texts.
    """
    with opened(settings, name) as (_, found):
        pass
    findings = list(_findings(found))
    shown = {
        "sampledb": str(key_of(found)),
        "healthy": not findings,
        "phase": str(at(found, "status", "phase")),
        "findings": findings,
    }
    if output == "text":
        _show(shown)
    else:
        click.echo(written(shown, output))
    newer = condition(found, "UpToDate")
    if newer.get("reason") == "OldVersion":
        current().note(str(newer.get("message")))
    if at(found, "status", "approval") and not findings:
        current().note(str(at(found, "status", "message")))
    return Exit.FOUND if findings else Exit.OK


def _show(shown: Mapping[str, Any]) -> None:
    healthy = "is healthy" if shown["healthy"] else "is not healthy"
    current().out(f"{shown['sampledb']} {healthy}: {shown['phase'] or 'no status yet'}")
    now = clock()
    for one in shown["findings"]:
        since = age(one["since"], now)
        head = f"{one['condition']} {one['reason']}" + (f", for {since}" if since else "")
        rows = [(name, one[name]) for name in ("object", "says", "words", "means", "do")]
        current().out("\n" + columns((head, ""), []).rstrip())
        current().out("\n".join(f"  {name:<8}{text}" for name, text in rows if text))


def _findings(found: Object) -> Iterator[dict[str, str]]:
    """What is wrong, weightiest first, each reason once."""
    generation = int(at(found, "metadata", "generation") or 0)
    if int(at(found, "status", "observedGeneration") or 0) < generation:
        created = at(found, "metadata", "creationTimestamp")
        known = at(found, "status", "observedGeneration")
        text = "the last change of the spec has not been looked at" if known else "no status yet"
        yield _finding(found, "Ready", "NotSeen", text, "" if known else created)
        return
    told: set[str] = set()
    for kind, wrong in _WRONG:
        seen = condition(found, kind)
        reason = str(seen.get("reason", ""))
        if seen.get("status") != wrong or reason in told or (kind, reason) in _NO_FAULT:
            continue
        if kind == "Ready" and told:
            continue  # what has been told is why
        told.add(reason)
        since = str(seen.get("lastTransitionTime", ""))
        yield _finding(found, kind, reason, str(seen.get("message", "")), since)


def _finding(found: Object, kind: str, reason: str, message: str, since: str) -> dict[str, str]:
    advice = ADVICE.get(reason, UNKNOWN)
    return {
        "condition": kind,
        "reason": reason,
        "since": since,
        "object": _OBJECTS[advice.about](found, message),
        "says": message,
        "words": advice.about.value,
        "means": advice.means,
        "do": advice.do,
    }


def _sampledb(found: Object, message: str) -> str:
    field = message.partition(": ")[0]
    which = f" {field}" if re.fullmatch(r"(spec|metadata)\S*", field) else ""
    return f"SampleDB/{key_of(found).name}{which}"


def _record(found: Object, _message: str) -> str:
    return f"{at(found, 'status', 'git', 'path')}/record.yaml"


def _server(found: Object, message: str) -> str:
    name = _named("Pod", message)
    return f"Pod/{name}" if name else f"StatefulSet/{key_of(found).name}"


def _job(found: Object, message: str) -> str:
    name = _named("Job", message) or at(found, "status", "operation", "job")
    return f"Job/{name or message.partition(':')[0]}"


def _claim(found: Object, message: str) -> str:
    name = _named("PersistentVolumeClaim", message) or names(key_of(found).name).data
    return f"PersistentVolumeClaim/{name}"


def _repository(found: Object, _message: str) -> str:
    return " ".join(str(at(found, "status", "git", part)) for part in ("repository", "branch"))


def _applier(found: Object, message: str) -> str:
    """The applier's own object, or the first child that it hasn't applied."""
    tool, name = (str(at(found, "status", "delivery", part)) for part in ("tool", "name"))
    if tool in _KINDS:
        return f"{_KINDS[tool]}/{name}"
    child = re.search(r"\b[A-Z]\w+/[-.\w]+", message)
    return child[0] if child else ""


def _controller(_found: Object, _message: str) -> str:
    return "Deployment/sampledb-renderer in sampledb-system"


_OBJECTS: Mapping[About, Callable[[Object, str], str]] = {
    About.SPEC: _sampledb,
    About.RECORD: _record,
    About.SERVER: _server,
    About.JOB: _job,
    About.CLAIM: _claim,
    About.REPOSITORY: _repository,
    About.APPLIER: _applier,
    About.CONTROLLER: _controller,
}


def _named(kind: str, message: str) -> str:
    found = re.search(rf"\b{kind}[ /]([-.\w]*\w)", message)
    return found[1] if found else ""
