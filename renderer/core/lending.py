"""A backup of another namespace's SampleDB: where it lies, and whether that one grants it.

As with Gateway API's ReferenceGrant, the one that is read from says who may read. The grant is
looked at when the restore begins; where the backup lies stays in the record until it ends.
"""

from __future__ import annotations

from dataclasses import replace

from renderer.core import buckets
from renderer.core.desired import Desired
from renderer.core.layout import Key
from renderer.core.observed import Lender, Observed
from renderer.core.operations.step import Situation
from renderer.core.plan import Problem, stalled


def asked(desired: Desired) -> Key | None:
    """The SampleDB of another namespace whose backup is to be restored; None for none."""
    source, own = desired.db.spec.restore.from_, desired.key.namespace
    if source.namespace in {"", own}:
        return None
    return Key(namespace=source.namespace, name=source.sample_db)


def known(desired: Desired, observed: Observed | None) -> Desired:
    """With the place of the backup, where it is granted and can be reached."""
    lender = observed.lender if observed else None
    if lender is None or lender.key != asked(desired) or _obstacle(desired, lender):
        return desired
    store = buckets.parse(lender.store)
    return replace(desired, lent=str(store.below(lender.key.namespace, lender.key.name)))


def refused(situation: Situation) -> Problem | None:
    """Why the backup of another namespace can't be restored; None when it can, or has begun to."""
    desired, source = situation.desired, asked(situation.desired)
    if source is None or situation.blind or desired.lent:
        return None
    if situation.record.lent.endswith(f"/{source}"):
        return None
    seen = situation.observed.lender
    return _obstacle(desired, seen if seen and seen.key == source else Lender(key=source))


def _obstacle(desired: Desired, lender: Lender) -> Problem | None:
    name, own = lender.key, desired.key.namespace
    field = f"spec.restore.from.namespace: {lender.key.namespace!r}"
    target = desired.db.spec.backup.target
    if own not in lender.grants:
        return stalled(
            "NotGranted",
            f"{field}: no SampleDB {name} that is seen grants its backups to {own}; its owner "
            f"writes there spec.backup.grants: [{{namespace: {own}}}]; of one that was deleted, "
            "name the backup by its URL in spec.restore.from.s3Url",
        )
    if not lender.store:
        return stalled(
            "NotInAStore",
            f"{field}: the backups of {name} lie on a volume, which can't be mounted in {own}; "
            "give it backup.target.s3 and take a backup, or copy a VolumeSnapshot of its data "
            "here, and name that in spec.restore.from.volumeSnapshotName",
        )
    there = target.s3.endpoint if target and target.s3 else ""
    if there.rstrip("/") != lender.endpoint.rstrip("/"):
        return stalled(
            "AnotherStore",
            f"spec.backup.target.s3.endpoint: {there!r} is another store than that of {name}, "
            f"which is {lender.endpoint!r}; write that, with a Secret that may read there",
        )
    return None
