"""What the reasons about VolumeSnapshots mean and what to do: rows of `advice.ADVICE`."""

from __future__ import annotations

from collections.abc import Mapping

TABLE: Mapping[str, tuple[str, str, str]] = {
    "SnapshotsMissing": (
        "SPEC",
        "`VolumeSnapshot` was asked for in a cluster that has none, or where we may not read them",
        "install its definitions and the snapshot controller, or write another `backup.method`",
    ),
    "NoSuchSnapshot": (
        "SPEC",
        "the VolumeSnapshot that is to be restored isn't there",
        "name one of the namespace, with a new id, or remove `spec.restore`",
    ),
    "SnapshotUnready": (
        "SPEC",
        "the VolumeSnapshot that is to be restored isn't ready to use (yet)",
        "`kubectl describe volumesnapshot` tells why; or remove `spec.restore`",
    ),
    "SnapshotOfAnotherMajor": (
        "SPEC",
        "the VolumeSnapshot that is to be restored holds data of another major version",
        "restore it in a SampleDB of that version, and upgrade that",
    ),
    "StorageTooSmall": (
        "SPEC",
        "the VolumeSnapshot that is to be restored needs a larger volume",
        "write at least the size in the message into `spec.storage.size`",
    ),
    "SnapshotNotReady": (
        "CLAIM",
        "the storage is taking a snapshot",
        "wait; when it lasts, `kubectl describe volumesnapshot` tells why",
    ),
}
"""Reason → (the name of an `About`, what it means, what to do)."""
