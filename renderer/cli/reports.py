"""Findings, written for people and for the programs that read them.

SARIF: OASIS SARIF 2.1.0. JUnit: the dialect of Jenkins' xunit plug-in. GitHub:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote
from xml.etree import ElementTree as ET

import click

from renderer import __version__
from renderer.cli.findings import RULE_HELP, Finding, Rule, Severity

_HOME = "https://github.com/sampledb/sampledb-renderer"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check came to."""

    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    """What was looked at: `namespace/name` of each SampleDB, and each rendered folder."""
    color: bool = False


def text(report: Report) -> str:
    """Write a line for each finding, as compilers do."""
    return "".join(f"{_label(item, color=report.color)} {item}\n" for item in report.findings)


def _label(finding: Finding, *, color: bool) -> str:
    label = f"{finding.severity.value}:"
    if not color:
        return label
    return click.style(label, fg="red" if finding.severity is Severity.ERROR else "yellow")


def as_json(report: Report) -> str:
    """Write one object: the findings and the counts."""
    found = [_plain(finding) for finding in report.findings]
    summary = {"checked": len(report.checked), "findings": len(found)}
    return json.dumps({"findings": found, "summary": summary}, indent=2, ensure_ascii=False) + "\n"


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "severity": finding.severity.value,
        "rule": finding.rule.value,
        "file": finding.file,
        "line": finding.line or None,
        "sampledb": finding.key or None,
        "field": finding.field or None,
        "problem": finding.problem,
        "value": finding.value or None,
        "remedy": finding.remedy or None,
    }


def github(report: Report) -> str:
    """Write a workflow command for each finding: GitHub shows it beside the line."""
    return "".join(_annotation(finding) for finding in report.findings)


def _annotation(finding: Finding) -> str:
    properties = {"file": finding.file, "line": str(finding.line or "")}
    properties["title"] = f"{finding.key}: {finding.rule.value}".removeprefix(": ")
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{finding.severity.value} {shown}::{_data(finding.sentence)}\n"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def sarif(report: Report) -> str:
    """Write a SARIF 2.1.0 log, for code scanning."""
    rules = list(Rule)
    driver = {
        "name": "sampledb",
        "version": __version__,
        "informationUri": _HOME,
        "rules": [
            {"id": rule.value, "shortDescription": {"text": RULE_HELP[rule]}} for rule in rules
        ],
    }
    results = [_result(finding, rules.index(finding.rule)) for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(finding: Finding, index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.rule.value,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": finding.sentence},
    }
    if finding.file:
        place: dict[str, object] = {"artifactLocation": {"uri": _uri(finding.file)}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def junit(report: Report) -> str:
    """Write a JUnit report: a test for each thing checked, failed when something is found."""
    by_name: dict[str, list[Finding]] = {name: [] for name in report.checked}
    for finding in report.findings:
        by_name.setdefault(_subject(finding, by_name), []).append(finding)
    failed = sum(1 for found in by_name.values() if found)
    counts = {"name": "sampledb", "tests": str(len(by_name)), "failures": str(failed)}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", counts | {"errors": "0", "skipped": "0"})
    for name, found in by_name.items():
        case = ET.SubElement(suite, "testcase", {"name": _xml(name), "classname": "sampledb.check"})
        if found:
            case.set("file", _xml(found[0].file))
            attributes = {"type": found[0].rule.value, "message": _xml(found[0].sentence)}
            failure = ET.SubElement(case, "failure", attributes)
            failure.text = _xml("\n".join(str(finding) for finding in found))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _subject(finding: Finding, checked: Iterable[str]) -> str:
    """What was checked when this was found: a SampleDB, or the folder that the file is in."""
    folder = str(PurePath(finding.file).parent)
    return folder if folder in checked else finding.key or finding.file or finding.rule.value


def _xml(value: str) -> str:
    """Replace what XML 1.0 can't hold, not even escaped."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)


WRITERS: dict[str, Callable[[Report], str]] = {
    "text": text,
    "json": as_json,
    "junit": junit,
    "sarif": sarif,
    "github": github,
}


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Sort by file and line, so that the same input gives the same report."""
    return tuple(sorted(findings, key=lambda item: (item.file, item.line, item.field, str(item))))
