"""What each reason means and what to do about it: one table, for `doctor` and for the runbook.

Every reason that a condition can carry is here, or in `GOOD`; docs/runbook.md shows the
table as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from renderer.core import advice_spec, snapshot_advice
from renderer.core.plan import Phase
from renderer.core.remedy import About, Advice
from renderer.core.remedy import of as _of

GOOD = frozenset(
    {
        "Applied",
        "Current",
        "Initialized",
        "Pushed",
        "Ready",
        "Rendered",
        "Hibernated",
        "Verified",
        "Recovered",
    }
)
"""Reasons with nothing to explain."""

_LOOK_AT_APPLIER = "look at the Application or Kustomization named in `status.delivery`"
_AGAIN = "mend the cause, then delete the Job: the applier starts it anew"
_WAIT = "wait; when it lasts, `sampledb plan` shows what the next commit waits for"
_BUSY = sorted(
    phase.value
    for phase in Phase
    if phase.value not in {*GOOD, "Failed", "Paused", "Pending", "Stalled"}
)

ADVICE: Mapping[str, Advice] = {
    **advice_spec.ADVICE,
    # Git and the applier.
    "PushFailed": _of(
        About.REPOSITORY,
        "the repository refused or can't be reached",
        "the message has Git's own words: credentials, protection, network, rewritten history",
    ),
    "FetchFailed": _of(
        About.REPOSITORY,
        "the branch can't be read, or its history was rewritten; `Ready` still says how the "
        "server is",
        "the message has the reason and the way out; nothing is pushed until it is mended",
    ),
    "Pending": _of(
        About.REPOSITORY,
        "it is about to be committed",
        "wait; when it lasts, look at the controller: `kubectl -n sampledb-system get pods,lease`",
    ),
    "Waiting": _of(About.APPLIER, "the applier hasn't applied it (yet)", _LOOK_AT_APPLIER),
    "NotApplied": _of(About.APPLIER, "the applier hasn't applied it (yet)", _LOOK_AT_APPLIER),
    "ApplyFailed": _of(About.APPLIER, "the applier said no", "its words are in the message"),
    "HandoverStands": _of(
        About.APPLIER, "the applier hasn't taken up the change in `apps/` (yet)", _LOOK_AT_APPLIER
    ),
    "StillProtected": _of(
        About.APPLIER, "the data claim's protection is to be lifted", _LOOK_AT_APPLIER
    ),
    "Unprotected": _of(About.APPLIER, "the data claim is to be protected again", _LOOK_AT_APPLIER),
    "StillThere": _of(About.APPLIER, "what left Git is still in the cluster", _LOOK_AT_APPLIER),
    "Removing": _of(About.REPOSITORY, "the directory is leaving Git", _WAIT),
    **{reason: _of(About[who], *words) for reason, (who, *words) in snapshot_advice.TABLE.items()},
    # The server and its volume.
    "PodFailed": _of(
        About.SERVER,
        "the server's Pod can't start",
        "the message has the kubelet's words: image, Secret, crash; mend the spec",
    ),
    "PodNotReady": _of(
        About.SERVER,
        "the server's Pod isn't ready (yet)",
        "wait; when it lasts, `sampledb logs` shows what the server says",
    ),
    "PodMissing": _of(
        About.SERVER,
        "there is no Pod of the server (yet)",
        "wait; when it lasts, `kubectl describe statefulset` tells why",
    ),
    "PodEnding": _of(About.SERVER, "the old Pod is ending", _WAIT),
    "Stopping": _of(About.SERVER, "the server is being stopped", _WAIT),
    "ClaimLost": _of(
        About.CLAIM,
        "the volume behind the claim is gone",
        "restore the volume, or delete the SampleDB with policy `Delete` and restore a backup",
    ),
    "Resizing": _of(
        About.CLAIM,
        "the volume hasn't grown yet",
        "the message has the storage's words; does its StorageClass allow expansion?",
    ),
    # Jobs.
    "InitFailed": _of(
        About.JOB,
        "the init SQL failed; nothing of it was kept",
        "mend `spec.init`; a new Job follows. After mending something outside, delete the Job",
    ),
    "PreflightFailed": _of(
        About.JOB,
        "something stands in the way of a major upgrade; nothing has stopped",
        "the message names it (an extension, prepared transactions …); mend it and delete the "
        "Job, or put `spec.version` back",
    ),
    "UpgradeFailed": _of(
        About.JOB,
        "the data couldn't be converted; the server is stopped, the old data are as they were",
        "put `spec.version` back: the old server starts again. Or mend what pg_upgrade says and "
        "delete the Job",
    ),
    "UpgradeUnproved": _of(
        About.JOB, "the upgrade Job ended without its proof", "look at its log; " + _AGAIN
    ),
    "AnalyzeFailed": _of(About.JOB, "the new server runs; gathering its statistics failed", _AGAIN),
    "DropOldFailed": _of(
        About.JOB, "the new server runs; the old data couldn't be removed", _AGAIN
    ),
    "VerifyFailed": _of(About.JOB, "the server couldn't be asked for its version", _AGAIN),
    "RotateFailed": _of(
        About.JOB,
        "the new passwords couldn't be set; the old Secret is in force",
        "mend what the message says and delete the Job",
    ),
    "MigrateFailed": _of(
        About.JOB,
        "a migration failed; nothing of its file is left behind",
        "mend the file under a new ConfigMap's name; or there, and delete the Job; or take "
        "`spec.migrations` back",
    ),
    "ConfigurationRefused": _of(
        About.JOB,
        "the server's own programs refuse `spec.parameters` or `spec.pgHba`; the server runs on "
        "with what it had",
        "the message has their words: mend the field, or put it back",
    ),
    "ReloadFailed": _of(
        About.JOB,
        "the server runs on, and what it has read of the changed configuration isn't (all of) it",
        "the message has the reason; mend it and delete the Job, or change the field again. A Pod "
        "that is deleted comes back with the configuration that is in Git",
    ),
    "RestoreFailed": _of(
        About.JOB,
        "the backup couldn't be restored; nothing was changed by it: a server runs on as it is",
        "the message names what is wrong: another `spec.restore.from.backupId` with a new id, or "
        "remove `spec.restore` (a new SampleDB is made empty then)",
    ),
    "RestoreUnproved": _of(
        About.JOB, "the restore Job ended without its proof", "look at its log; " + _AGAIN
    ),
    "BackupFailed": _of(
        About.JOB,
        "a backup failed; older ones are kept, and nothing else was begun",
        "its words are in the message; mend the cause and delete the Job, or withdraw what was "
        "asked for",
    ),
    "BackupUnproved": _of(
        About.JOB, "the backup Job ended without its proof", "look at its log; " + _AGAIN
    ),
    "ClocksDiffer": _of(
        About.SPEC,
        "clocks are apart: the message says which, and how far; ages of backups can't be trusted, "
        "so nothing goes for its age, and what is of a time to come doesn't count as fresh",
        "set the clock that is wrong (NTP: `chronyc tracking`); the condition goes by itself",
    ),
    "FinalBackupFailed": _of(
        About.JOB,
        "there is no proved final backup, so nothing is deleted",
        "the message has the reason; the ways round are in it, and they are yours to decide",
    ),
    "FinalBackupUnproved": _of(
        About.JOB, "the final backup's Job ended without its proof", "look at its log; " + _AGAIN
    ),
    "TooSlow": _of(
        About.SERVER,
        "after an experiment the server answered again later than `recoverWithin` says",
        "`sampledb history` has the seconds; the server's log says what its start waited for",
    ),
    "NotRecovered": _of(
        About.SERVER,
        "after an experiment the server didn't answer again, or had lost something",
        "the message has what was seen; `Ready` says how the server is now, `sampledb logs` why",
    ),
    "Inconclusive": _of(
        About.JOB,
        "an experiment has shown nothing",
        "the message says why: mend it, and change the experiment to have it made again",
    ),
    "NotTried": _of(
        About.SPEC,
        "no experiment was made yet",
        "the message says what one waits for, or why the last one wasn't made",
    ),
    "MendFailed": _of(
        About.JOB,
        "what an experiment has left on the data volume couldn't be removed",
        "mend what the message says and delete the Job: the applier starts it anew",
    ),
    "NoneYet": _of(
        About.JOB, "no backup has been taken yet", "wait for the schedule, or `sampledb backup`"
    ),
    "JobRunning": _of(
        About.JOB, "a Job is at work", "wait for its end; `sampledb logs --job` shows how far it is"
    ),
    "JobStuck": _of(
        About.JOB, "a Job has run for hours", "`sampledb logs --job` shows what it does; " + _AGAIN
    ),
    "SpecWaits": _of(
        About.JOB,
        "the changed spec waits: a Job works on the data (an upgrade converts them, a rotation "
        "sets passwords)",
        "wait for its end; `sampledb logs --job` shows how far it is",
    ),
    "DeletionWaits": _of(
        About.JOB,
        "the deletion waits: a Job works on the data (an upgrade converts them, a rotation "
        "sets passwords)",
        "wait for its end; `sampledb logs --job` shows how far it is",
    ),
    "NotYet": _of(About.JOB, "the init Job hasn't reported yet", _WAIT),
    "Changing": _of(About.SPEC, "the last change isn't in force yet", _WAIT),
    **{phase: _of(About.SPEC, "an operation is under way", _WAIT) for phase in _BUSY},
    # Not a reason of a condition: what `doctor` says when the status is behind the spec.
    "NotSeen": _of(
        About.CONTROLLER,
        "nothing follows an edit: the controller is not there, not leading, or not done looking",
        "`kubectl -n sampledb-system get pods,lease`; `/readyz` says what it waits for",
    ),
}
UNKNOWN = _of(About.SPEC, "another release gave this reason", "read the message")
"""For a status that another release has written."""
