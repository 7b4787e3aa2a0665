"""The SampleDB that brings a deleted one back: the tombstone's spec, and where the data are."""

from __future__ import annotations

from typing import Any

from renderer.core.errors import InvalidError, invalid
from renderer.core.layout import API_VERSION, KIND, Key, claim, names
from renderer.core.manifests.tombstone_file import spec_document
from renderer.core.tombstone import KeptBackup, Tombstone


def brought_back(found: Tombstone, *, name: str = "", restore_id: str = "") -> dict[str, Any]:
    """The document to apply or to commit; `name` makes it another SampleDB of the namespace.

    Under its own name a volume that was kept is taken up again; otherwise the final backup
    is restored, once for `restore_id` (the tombstone's id by default). Raises `InvalidError`
    when neither can be done, with the reason.
    """
    key = Key(namespace=found.key.namespace, name=name or found.key.name)
    spec = spec_document(found.spec)
    spec.pop("restore", None)
    spec.get("backup", {}).pop("requestedAt", None)
    spec |= _version(found)
    kept = found.grave.kept
    if not (kept.claims and key == found.key):
        if kept.snapshot:
            source = {"volumeSnapshotName": kept.snapshot.name}
        elif kept.backup:
            source = _source(kept.backup, key)
        else:
            raise _nothing(found, key)
        spec["restore"] = {"id": restore_id or found.id, "from": source}
    elif kept.claims[0] != claim(key.name, "0"):
        raise _another_claim(kept.claims[0], claim(key.name, "0"))
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"namespace": key.namespace, "name": key.name},
        "spec": spec,
    }


def _version(found: Tombstone) -> dict[str, str]:
    """What reads the data, where the spec asked for another major that was never reached."""
    data, spec = found.grave.data, found.spec
    if data.major in {"", spec.version.partition(".")[0]}:
        return {}
    return {"version": data.major} | ({"image": data.image} if spec.image else {})


def _source(backup: KeptBackup, key: Key) -> dict[str, str]:
    lacking = [name for name in ("id", "sha256") if not getattr(backup, name)]
    if lacking:
        raise invalid(
            "is missing, so that nothing proves that this is the backup",
            field=f"kept.backup.{lacking[0]}",
            remedy="set spec.restore by hand when you know what the backup is",
        )
    if backup.target.url:
        return {"s3Url": backup.target.url, "sha256": backup.sha256}
    owner = backup.target.claim.removesuffix("-backup")
    if names(owner).backups != backup.target.claim:
        raise invalid(
            "is not the claim of a SampleDB's backups, and only from those this release restores",
            field="kept.backup.target.claim",
            value=backup.target.claim,
            remedy="restore the backup by hand, or with the release that wrote the tombstone",
        )
    other = {"sampleDB": owner} if owner != key.name else {}
    return {"backupId": backup.id, "sha256": backup.sha256, **other}


def _nothing(found: Tombstone, key: Key) -> InvalidError:
    if found.grave.kept.claims:
        return invalid(
            f"only the volume {found.grave.kept.claims[0]} was kept, which {found.key.name} alone "
            "takes up",
            field="NAME",
            value=key.name,
            remedy=f"bring it back as {found.key}, take a backup, and restore that under another "
            "name (spec.restore.from.sampleDB)",
        )
    return invalid(
        "names neither a backup nor a volume that was kept: there is nothing to bring back",
        field="kept",
        remedy="make the SampleDB anew, without its data",
    )


def _another_claim(kept: str, first: str) -> InvalidError:
    return invalid(
        f"is what a restore had put in the place of {first}, and a new SampleDB takes up that name",
        field="kept.claims[0]",
        value=kept,
        remedy=f"bind a claim {first} to the volume of {kept} (its PersistentVolume: reclaim "
        "policy Retain, claimRef), then apply the spec of the tombstone",
    )
