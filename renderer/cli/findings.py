"""A finding: one thing that is wrong, with the place where a person can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from renderer.cli.exits import Exit
from renderer.core.errors import Detail


class Severity(Enum):
    """How bad a finding is; the values are those of SARIF and of GitHub's annotations."""

    ERROR = "error"
    WARNING = "warning"


class Rule(Enum):
    """What kind of thing is wrong: a stable name for filters and dashboards."""

    INPUT = "invalid-input"
    EDITED = "rendered-file-edited"
    SECRET = "plaintext-secret"  # noqa: S105 - the name of a rule
    FOREIGN = "foreign-file"
    MISSING = "rendered-file-missing"
    SCHEMA = "invalid-manifest"
    SETTINGS = "invalid-settings"
    TEMPLATES = "invalid-templates"
    REPOSITORY = "repository"
    CLUSTER = "cluster"


RULE_HELP: dict[Rule, str] = {
    Rule.INPUT: "A SampleDB, or the file that holds it, is wrong.",
    Rule.EDITED: "A rendered file is not what was rendered: somebody edited it by hand.",
    Rule.SECRET: "A Secret with its value in plain text has no place in Git.",
    Rule.FOREIGN: "A file lies in a SampleDB's folder, which the renderer owns whole.",
    Rule.MISSING: "A file that the record of a SampleDB names is not there.",
    Rule.SCHEMA: "A rendered manifest is not one that Kubernetes accepts.",
    Rule.SETTINGS: "A setting is wrong.",
    Rule.TEMPLATES: "A template pack is wrong.",
    Rule.REPOSITORY: "The repository can't be reached, or refuses.",
    Rule.CLUSTER: "The cluster can't be reached, or refuses.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    rule: Rule
    problem: str
    file: str = ""
    """As the caller named it, so that editors and GitHub find it; "" when there is none."""
    line: int = 0
    """From 1; 0 when no single line is to blame."""
    field: str = ""
    value: str = ""
    """As it is shown, quotes included."""
    remedy: str = ""
    key: str = ""
    """`namespace/name` of the SampleDB, when it is known."""
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> str:
        """`file:line`, `file` or ""."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file

    @property
    def sentence(self) -> str:
        """`field: problem (got value); way out`, without the place."""
        return str(
            Detail(problem=self.problem, field=self.field, value=self.value, remedy=self.remedy)
        )

    def __str__(self) -> str:
        """`file:line: field: problem (got value); way out`."""
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


def from_details(
    details: Iterable[Detail], rule: Rule, *, file: str = "", key: str = ""
) -> tuple[Finding, ...]:
    """Turn an error's details into findings that have no line yet."""
    return tuple(
        Finding(
            rule=rule,
            problem=detail.problem,
            field=detail.field,
            value=detail.value,
            remedy=detail.remedy,
            file=file,
            key=key,
        )
        for detail in details
    )


class CommandError(Exception):
    """A command can't go on: what is wrong, and the exit code that says so."""

    def __init__(self, *findings: Finding, exit_code: Exit = Exit.INVALID) -> None:
        """Keep the findings, at least one."""
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings
        self.exit_code = exit_code
