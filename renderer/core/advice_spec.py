"""What the reasons about the spec, the record and the deletion mean; see `advice`."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.core.remedy import About, Advice
from renderer.core.remedy import of as _of

ADVICE: Mapping[str, Advice] = {
    "Invalid": _of(
        About.SPEC,
        "the spec, its template or its record is wrong; nothing was written",
        "read the message: field, value, way out",
    ),
    "InitChanged": _of(About.SPEC, "`spec.init` can't change after it ran", "put it back"),
    "DowngradeRefused": _of(
        About.SPEC,
        "an older version than the data's was asked for, which couldn't read them",
        "put `spec.version` back",
    ),
    "OldData": _of(
        About.SPEC,
        "a SampleDB was made anew on a volume that holds an older major's data",
        "write that version, and upgrade when it is Ready",
    ),
    "StorageShrinks": _of(
        About.SPEC, "a smaller volume was asked for", "write at least what the claim has"
    ),
    "VersionMismatch": _of(
        About.SPEC,
        "the server that runs isn't the version that its image's name says",
        "mend `spec.image` or `spec.version`",
    ),
    "UpgradeNeedsController": _of(
        About.SPEC,
        "another major was asked for without a controller",
        "let the controller do it: it sees each step proved",
    ),
    "ApprovalNeeded": _of(
        About.SPEC,
        "`spec.upgrade.approval` is `Manual`, and the next step of an upgrade is a dangerous one",
        "read what it will do; then `kubectl sampledb approve NAMESPACE/NAME`, or put "
        "`spec.version` back",
    ),
    "WindowClosed": _of(
        About.SPEC,
        "an upgrade waits for `spec.upgrade.window`",
        "wait: the message says when it opens; or change the window, or put `spec.version` back",
    ),
    "ConfirmedAhead": _of(
        About.SPEC,
        "the annotation `sampledb.dev/confirm-restore` names a restore (or an upgrade) that hasn't "
        "replaced the volume yet: it stands from an earlier one, or was set too early",
        "remove the annotation; set it when the new data have been looked at",
    ),
    "RotationNeedsController": _of(
        About.SPEC,
        "other passwords were asked for without a controller",
        "let the controller do it: it sees that they let in",
    ),
    "OldVersion": _of(About.SPEC, "a newer minor is there", "write it in `spec.version`"),
    "LeftAlone": _of(
        About.SPEC,
        "the files in Git are left as they are, for the reason in the message",
        "read the message; `spec.paused` may be true",
    ),
    "Paused": _of(
        About.SPEC,
        "`spec.paused` is true: the files in Git are left as they are",
        "set it to false to go on",
    ),
    "NotConfirmed": _of(
        About.SPEC,
        "the deletion has the policy `Delete`, which destroys the data",
        "set `spec.deletion.confirm` to true, or choose another policy",
    ),
    "VolumeLeft": _of(
        About.CLAIM,
        "a volume that a restore replaced or made is protected and no longer in Git",
        "look at what it holds, then `kubectl delete pvc` it; the deletion goes on",
    ),
    "NotGranted": _of(
        About.SPEC,
        "the SampleDB of another namespace whose backup is to be restored isn't seen, or doesn't "
        "grant it",
        "its owner adds this namespace to its `spec.backup.grants`; or name the backup by its URL",
    ),
    "NotInAStore": _of(
        About.SPEC,
        "the backups of another namespace lie on a volume, which can't be mounted here",
        "keep them in an S3 store, or copy a VolumeSnapshot here and name that",
    ),
    "AnotherStore": _of(
        About.SPEC,
        "the backups of another namespace lie in another store than `spec.backup.target.s3` names",
        "write that store's endpoint, with a Secret that may read there",
    ),
    "RecordMissing": _of(
        About.RECORD,
        "the server still runs, but its directory isn't in Git",
        "bring it back with `git revert`, or remove the StatefulSet by hand",
    ),
    "UnknownOperation": _of(
        About.RECORD,
        "the record names an operation, or a step of one, of another release",
        "run the release that began it, or revert its commit",
    ),
}
