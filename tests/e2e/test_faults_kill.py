"""kill -9 of the controller at every push of a SampleDB's life, with Flux and a played node."""

from __future__ import annotations

from pathlib import Path

from e2e.handover import Handover
from subjects import DELETE, PROVISION

BACKUP = {"schedule": "0 3 * * *", "target": {"pvc": {"size": "1Gi"}}}
_KILL = """\
while ! test -s "{file}"; do sleep 0.02; done
read -r pid < "{file}"; rm "{file}"
kill -9 "$pid"
exit {code}"""


def killed(handover: Handover, hook: str) -> None:
    """Run a controller that is killed in the Git server's hook during its next push.

    In `pre-receive` nothing lands: the push is refused, and nobody is left to read that.
    In `post-receive` the commit is on the branch, and its pusher never learns of it.
    """
    file = handover.folder / "kill"
    code = 1 if hook == "pre-receive" else 0
    handover.bare.hook(_KILL.format(file=file, code=code), hook)
    with handover.controller() as process:
        file.write_text(f"{process.pid}\n")
        assert process.wait(120) == -9
    handover.bare.hook("exit 0", hook)


def at_each_push(handover: Handover, name: str, before: list[str], steps: list[str]) -> None:
    """Kill before each of these commits, and after it."""
    for count in range(len(steps)):
        killed(handover, "pre-receive")
        assert handover.subjects(name) == before + steps[:count]
        killed(handover, "post-receive")
        assert handover.subjects(name) == before + steps[: count + 1]


def test_every_push_of_provision_and_delete_survives_a_kill(played: Handover) -> None:
    played.create("killed", backup=BACKUP)
    at_each_push(played, "killed", [], PROVISION)
    with played.controller():
        played.until(lambda: played.condition("killed", "Ready").get("status") == "True", "Ready")
    assert played.subjects("killed") == PROVISION

    played.delete("killed")
    at_each_push(played, "killed", PROVISION, DELETE)
    with played.controller():
        played.until(lambda: not played.get("killed"), "the end of the SampleDB")
    assert played.subjects("killed") == PROVISION + DELETE
    played.until(
        lambda: set(played.children("killed")) == {"PersistentVolumeClaim/killed-backup"},
        "only the backups",
    )
    (tombstone,) = [path for path in played.bare.files() if "killed" in path]
    assert "/tombstones/" in tombstone
    assert not Path(played.folder / "kill").exists()
