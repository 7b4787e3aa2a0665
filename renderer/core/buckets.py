"""Where in an S3 store a SampleDB's backups lie.

Each SampleDB has a folder of its own below the prefix, so that those that share a bucket
never take each other's backups for theirs: `s3://<bucket>/<prefix>/<namespace>/<name>/<id>`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from renderer.core.resource.sampledb import SampleDB

SCHEME = "s3://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bucket, and the beginning of the keys in it."""

    bucket: str
    prefix: str
    """Without a `/` at its ends; "" for the whole bucket."""

    def __str__(self) -> str:
        """`s3://bucket/prefix`."""
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def below(self, *names: str) -> Place:
        """The place of that name in this one."""
        return replace(self, prefix="/".join(part for part in (self.prefix, *names) if part))


def parse(url: str) -> Place:
    """The place that a URL names; the URL has been checked."""
    bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
    return Place(bucket=bucket, prefix=prefix.strip("/"))


def own(db: SampleDB) -> Place | None:
    """Where the SampleDB's backups go; None when they go to no store."""
    return _of(db, db.name)


def to_restore(db: SampleDB) -> Place | None:
    """Where the backup lies beside others that is to be restored; None when in no store.

    Of a SampleDB of another namespace the spec doesn't tell it.
    """
    source = db.spec.restore.from_
    if source.namespace not in {"", db.namespace}:
        return None
    beside, _, _ = source.s3_url.rpartition("/")
    return parse(beside) if beside else _of(db, source.sample_db or db.name)


def _of(db: SampleDB, name: str) -> Place | None:
    """Where the backups of the SampleDB `name` lie, in the namespace and the store of `db`."""
    target = db.spec.backup.target
    if target is None or target.s3 is None:
        return None
    whole = Place(bucket=target.s3.bucket, prefix=target.s3.prefix.strip("/"))
    return whole.below(db.namespace, name)
