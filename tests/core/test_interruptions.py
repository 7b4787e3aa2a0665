"""Every interruption at every point of every operation: it ends well, and no data are lost.

Not random: each operation is walked to its n-th point (after the commit, after the applier,
after the node), something happens there, and everything is then left to settle.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache

import pytest
from pure_cluster import reason
from story import RETAIN, SNAPSHOT, STORIES, Story, data_claim

from renderer.core.plan import Files, Phase


def spec_changes(story: Story) -> None:
    story.spec["parameters"] = {"work_mem": "8MB"}


def user_deletes(story: Story) -> None:
    story.deleting = True


def user_pauses_for_a_while(story: Story) -> None:
    story.spec["paused"] = True
    git = story.cluster.git
    assert story.settle().files is Files.LEAVE
    assert story.cluster.git == git
    story.spec["paused"] = False


def user_hibernates(story: Story) -> None:
    story.spec["hibernate"] = True


def user_hibernates_and_wakes(story: Story) -> None:
    story.spec["hibernate"] = True
    story.commit()
    story.spec["hibernate"] = False


def user_takes_retain_instead(story: Story) -> None:
    story.spec["deletion"] = RETAIN


def user_takes_a_final_backup_instead(story: Story) -> None:
    story.spec["deletion"] = SNAPSHOT


def job_fails(story: Story) -> None:
    names = [name for kind, name in story.cluster.git if kind == "Job"]
    for name in names:
        story.cluster.job_results[name] = "the disk is full"
    plan = story.settle()
    if not (names and story.cluster.job_results):
        return
    assert plan.problem is not None or not any(k == "Job" for k, _ in story.cluster.git)
    job_is_deleted(story)


def job_is_deleted(story: Story) -> None:
    for kind, name in [key for key in story.cluster.live if key[0] == "Job"]:
        del story.cluster.live[kind, name]
    story.cluster.job_results.clear()


def pod_breaks(story: Story) -> None:
    story.cluster.pod_message = "CrashLoopBackOff: back-off restarting"
    plan = story.settle()
    if not story.deleting:
        assert plan.problem is not None or story.spec.get("hibernate")
    story.cluster.pod_message = ""


def applier_is_stuck(story: Story) -> None:
    story.stuck = True
    story.settle()
    story.stuck = False


def last_commit_is_reverted(story: Story) -> None:
    story.revert()


def commits_are_reverted_and_the_wish_withdrawn(count: int) -> Callable[[Story], None]:
    """`git revert` of so many commits, and what they did is no longer asked for."""

    def happening(story: Story) -> None:
        version = story.spec.get("version")
        story.revert(count)
        story.cluster.apply()
        story.spec.pop("restore", None)
        story.spec.pop("version", None)
        if reason(story.settle()) == "DowngradeRefused":
            story.spec["version"] = version

    return happening


HAPPENINGS = (
    spec_changes,
    user_deletes,
    user_pauses_for_a_while,
    user_hibernates,
    user_hibernates_and_wakes,
    user_takes_retain_instead,
    user_takes_a_final_backup_instead,
    job_fails,
    job_is_deleted,
    pod_breaks,
    applier_is_stuck,
    last_commit_is_reverted,
)
NAMES = [happening.__name__.replace("_", "-") for happening in HAPPENINGS]


def walk(begin: Callable[[], Story], *happenings: Callable[[Story], None], every: int = 1) -> int:
    """Tell the story once for each of its points; something happens there. Returns how many."""
    told = 0
    length = _length(begin)
    for point in range(0, length + 1, every):
        story = deepcopy(_beginning(begin))
        points = story.points()
        for _ in range(point):
            next(points)
        points.close()
        for happening in happenings:
            if not story.cluster.released:
                happening(story)
        end_well(story)
        told += 1
    return told


@lru_cache
def _beginning(begin: Callable[[], Story]) -> Story:
    return begin()


@lru_cache
def _length(begin: Callable[[], Story]) -> int:
    """How many points the story has before nothing changes any more."""
    story = deepcopy(_beginning(begin))
    last = 0
    for point, _ in enumerate(story.points(), start=1):
        if len(story.cluster.commits) > last or story.cluster.released:
            last, length = len(story.cluster.commits), point
        if point > length + 6:
            break
    return length


def end_well(story: Story) -> None:
    """Left alone and healthy, the story ends in the state that is asked for."""
    cluster = story.cluster
    if cluster.released:
        return
    plan = story.settle()
    assert not cluster.full, "an experiment's file goes"
    if not story.deleting:
        assert cluster.record
        assert cluster.record.trial is None, "an experiment comes to its end"
        asleep = story.spec.get("hibernate", False)
        in_force = cluster.record.configuration
        assert asleep or cluster.memory.read == in_force == story.wanted().configuration
        assert asleep or not cluster.memory.pending(in_force)
        assert plan.phase is (Phase.HIBERNATED if asleep else Phase.READY), plan.why
        assert plan.problem is None
        assert not [name for kind, name in cluster.live if kind == "Job"]
        data = data_claim(cluster.git)
        assert data is not None
        assert cluster.git[data][2], "the data volume is protected"
        return
    if not cluster.released:
        assert "isn't in Git" in plan.deletion_blocked, plan.why
        return
    assert not cluster.git
    if story.removal == RETAIN and story.had_data:
        assert data_claim(cluster.live) is not None


@pytest.mark.parametrize("happening", HAPPENINGS, ids=NAMES)
@pytest.mark.parametrize("begin", STORIES.values(), ids=STORIES)
def test_whatever_happens_at_any_point_ends_well(
    begin: Callable[[], Story], happening: Callable[[Story], None]
) -> None:
    assert walk(begin, happening) > 1


@pytest.mark.parametrize("after", [lambda _story: None, applier_is_stuck, user_deletes])
@pytest.mark.parametrize("count", range(1, 7))
@pytest.mark.parametrize("name", ["restore", "provision-from-a-backup", "dump-restore-upgrade"])
def test_a_volume_that_a_server_ran_on_outlives_a_revert_of_what_put_it_there(
    name: str, count: int, after: Callable[[Story], None]
) -> None:
    withdrawn = commits_are_reverted_and_the_wish_withdrawn(count)
    assert walk(STORIES[name], withdrawn, after) > 1


@pytest.mark.parametrize("first", HAPPENINGS, ids=NAMES)
@pytest.mark.parametrize(
    ("begin", "every"),
    [
        pytest.param(STORIES[name], every, id=name)
        for name, every in (
            ("provision", 3),
            ("restore", 4),
            ("rotate", 3),
            ("major-upgrade", 7),
            ("experiment-fill", 5),
            ("experiment-kill", 5),
            ("delete-with-a-final-backup", 3),
            ("delete-at-once", 3),
        )
    ],
)
def test_two_things_at_once_end_well(
    begin: Callable[[], Story], every: int, first: Callable[[Story], None]
) -> None:
    for second in HAPPENINGS:
        if second is not first:
            walk(begin, first, second, every=every)
