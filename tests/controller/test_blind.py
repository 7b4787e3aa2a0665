"""A branch that can't be read, or isn't what it was: every SampleDB says so, Ready stays."""

from __future__ import annotations

from laptop_line import Line

REWRITTEN = "the history of main was rewritten"


def test_a_rewritten_branch_is_told_where_nothing_waits_for_a_push(line: Line) -> None:
    with line.controller("--fetch-interval", "1s"):
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        line.git.run("update-ref", "refs/heads/main", "main~1")
        line.until(lambda: REWRITTEN in line.message("Committed"), "the rewritten history")
        assert not line.holds("Committed")
        assert line.holds("Ready")


def test_a_repository_that_is_away_is_told_until_it_is_back(line: Line) -> None:
    folder = line.laptop.repository
    away = folder.with_name("away.git")
    with line.controller("--fetch-interval", "1s"):
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        folder.rename(away)
        line.until(
            lambda: "there is no Git repository at this address" in line.message("Committed"),
            "the missing repository",
        )
        assert line.holds("Ready")
        away.rename(folder)
        line.until(lambda: line.holds("Committed"), "Committed again")
