"""What a backup in an S3 store must keep, on whichever server: for test files to take in."""

from __future__ import annotations

import filecmp
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from servers.s3 import BUCKET, S3Server
from store_fixtures import ID, access, made

from renderer.core.buckets import Place
from renderer.core.errors import InvalidError, SampleDBError, TransientError
from renderer.objectstore import backup
from renderer.objectstore.retention import Retention
from renderer.objectstore.store import Store

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def same(left: Path, right: Path) -> bool:
    def walk(top: Path) -> list[str]:
        return sorted(path.relative_to(top).as_posix() for path in top.rglob("*"))

    names = walk(left)
    files = [name for name in names if (left / name).is_file()]
    return names == walk(right) and not any(filecmp.cmpfiles(left, right, files, shallow=False)[1:])


def test_a_backup_comes_back_as_it_was_with_its_empty_folders(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    result = backup.put(store, folder)
    assert result["verified"] is True
    assert result["url"] == f"{store.place}/{ID}"
    assert (result["id"], result["size"], result["sha256"]) == (ID, 25606, "ab" * 32)
    (tmp_path / "back").mkdir()
    backup.get(store, ID, tmp_path / "back")
    assert same(folder / ID, tmp_path / "back" / ID)


def test_a_large_file_goes_in_parts_and_comes_back(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    (folder / ID / "16385.dump").write_bytes(os.urandom(1024 * 1024) * 20)
    backup.put(store, folder)
    (tmp_path / "back").mkdir()
    backup.get(store, ID, tmp_path / "back")
    assert same(folder / ID, tmp_path / "back" / ID)


@pytest.mark.parametrize("name", ["data/base/1/1259", "16384.dump", "SHA256SUMS"])
def test_one_flipped_bit_in_the_store_is_found(
    store: Store, server: S3Server, folder: Path, tmp_path: Path, name: str
) -> None:
    backup.put(store, folder)
    server.flip_a_bit(f"{store.place.prefix}/{ID}/{name}")
    with pytest.raises(InvalidError, match=f"is damaged: {name} is not what was uploaded"):
        backup.get(store, ID, tmp_path)
    assert not (tmp_path / ID).exists()


@pytest.mark.parametrize("name", ["16384.dump", "objects.json"])
def test_an_object_that_is_missing_is_named(
    store: Store, folder: Path, tmp_path: Path, name: str
) -> None:
    backup.put(store, folder)
    store.remove(f"{ID}/{name}")
    with pytest.raises(InvalidError, match=f"is damaged: {name} is missing"):
        backup.get(store, ID, tmp_path)


def test_a_backup_without_its_manifest_is_none(store: Store, folder: Path, tmp_path: Path) -> None:
    backup.put(store, folder)
    store.remove(f"{ID}/manifest.json")
    with pytest.raises(InvalidError, match=r"was never verified: it has no manifest\.json"):
        backup.get(store, ID, tmp_path)


def test_a_backup_without_its_manifest_is_brought_only_when_told_and_whole(
    store: Store, server: S3Server, folder: Path, tmp_path: Path
) -> None:
    backup.put(store, folder)
    store.remove(f"{ID}/manifest.json")
    (tmp_path / "back").mkdir()
    backup.get(store, ID, tmp_path / "back", unverified=True)
    (folder / ID / "manifest.json").unlink()
    assert same(folder / ID, tmp_path / "back" / ID)
    server.flip_a_bit(f"{store.place.prefix}/{ID}/16384.dump")
    with pytest.raises(InvalidError, match=r"is damaged: 16384\.dump is not what was uploaded"):
        backup.get(store, ID, tmp_path, unverified=True)
    store.remove(f"{ID}/objects.json")
    with pytest.raises(InvalidError, match=r"is damaged: objects\.json is missing"):
        backup.get(store, ID, tmp_path / "back", unverified=True)
    with pytest.raises(InvalidError, match="there is no backup"):
        backup.get(store, "20260101T000000Z-aaaaaa", tmp_path, unverified=True)


def test_a_backup_that_is_not_there_is_named_with_those_that_are(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidError, match=f"there is none in {store.place}"):
        backup.get(store, "20260101T000000Z-aaaaaa", tmp_path)
    backup.put(store, folder)
    with pytest.raises(InvalidError, match=f"the newest there are {ID}"):
        backup.get(store, "20260101T000000Z-aaaaaa", tmp_path)


def test_what_a_failed_upload_left_is_removed(store: Store, server: S3Server, folder: Path) -> None:
    class Lossy(Store):
        """Says that it has written, and writes something else."""

        def write(self, name: str, path: Path) -> None:
            super().write(name, path)
            if name.endswith("1259"):
                server.flip_a_bit(f"{store.place.prefix}/{name}")

    with pytest.raises(TransientError, match="read back differs from what was written"):
        backup.put(Lossy(store.place, access(server)), folder)
    assert server.objects(store.place.prefix) == []


def test_old_backups_go_final_ones_and_those_of_others_stay(
    store: Store, server: S3Server, tmp_path: Path
) -> None:
    names = [f"2026112{day}T030000Z-1a2b3c" for day in range(1, 6)]
    for name in names:
        reason = "Final" if name == names[0] else "Scheduled"
        backup.put(store, made(tmp_path / name, name, reason))
    other = Store(Place(bucket=BUCKET, prefix=f"{store.place.prefix}-2"), access(server))
    backup.put(other, made(tmp_path / "other", names[0]))
    gone = backup.prune(store, names[-1], Retention(count=2), NOW)
    assert gone == [names[2], names[1]]
    left = {each.name.partition("/")[0] for each in store.list()}
    assert left == {names[0], *names[3:]}
    assert len(list(other.list())) == 6


def test_backups_of_a_time_to_come_push_out_none_of_now(store: Store, tmp_path: Path) -> None:
    ahead = [f"2027010{day}T030000Z-1a2b3c" for day in range(1, 4)]
    names = [f"2026112{day}T030000Z-1a2b3c" for day in range(4, 7)]
    for name in (*ahead, *names):
        backup.put(store, made(tmp_path / name, name))
    assert backup.prune(store, names[2], Retention(count=2), NOW) == names[:1]
    then = NOW + timedelta(days=60)
    gone = [ahead[0], names[2], names[1]]
    assert backup.prune(store, ahead[2], Retention(count=2), then) == gone


def test_a_backup_that_is_too_old_goes_but_never_the_one_just_made(
    store: Store, tmp_path: Path
) -> None:
    names = ["20260101T030000Z-1a2b3c", "20260102T030000Z-1a2b3c"]
    for name in names:
        backup.put(store, made(tmp_path / name, name))
    assert backup.prune(store, names[1], Retention(count=9, days=30), NOW) == names[:1]
    assert [each.name for each in store.list() if "manifest" in each.name] == [
        f"{names[1]}/manifest.json"
    ]


def test_what_killed_runs_left_goes_when_it_is_old_enough(store: Store, folder: Path) -> None:
    half = "20261120T030000Z-ffffff"
    store.write(f"{half}/16384.dump", folder / ID / "16384.dump")
    backup.put(store, folder)
    soon, later = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=7)
    assert backup.prune(store, ID, Retention(count=3), soon) == []
    assert backup.prune(store, ID, Retention(count=3), later) == [half]


def refusals() -> list[Any]:
    return [
        pytest.param({"key": "another-secret-key"}, "access-key-id and secret", id="wrong secret"),
        pytest.param({"key_id": "nobody-of-that-name"}, "access-key-id and secret", id="wrong id"),
    ]


@pytest.mark.parametrize(("wrong", "said"), refusals())
def test_a_wrong_key_is_told_with_the_secret_to_correct(
    store: Store, server: S3Server, folder: Path, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidError, match=f"could not write .*{said}.* in the Secret store"):
        backup.put(Store(store.place, access(server, **wrong)), folder)


def test_a_bucket_that_is_not_there_is_named(server: S3Server, folder: Path) -> None:
    place = Place(bucket="no-such-bucket", prefix="x")
    with pytest.raises(InvalidError, match=r"NoSuchBucket.*create the bucket no-such-bucket"):
        backup.put(Store(place, access(server)), folder)


def test_a_store_that_is_down_is_told_and_may_be_tried_again(
    store: Store, server: S3Server, folder: Path
) -> None:
    nowhere = access(server, endpoint="http://127.0.0.1:9")
    with pytest.raises(TransientError, match=r"http://127\.0\.0\.1:9 can't be reached"):
        backup.put(Store(store.place, nowhere), folder)


def test_a_store_without_tls_is_told_so(store: Store, server: S3Server, folder: Path) -> None:
    secure = access(server, endpoint=server.endpoint.replace("http:", "https:"))
    with pytest.raises(InvalidError, match="it speaks no TLS; write http://"):
        backup.put(Store(store.place, secure), folder)


def test_many_at_once_read_and_write_the_same_store(store: Store, tmp_path: Path) -> None:
    names = [f"2026112{day}T030000Z-1a2b3c" for day in range(1, 5)]
    folders = [made(tmp_path / name, name) for name in names]
    failed: list[SampleDBError] = []

    def work(folder: Path) -> None:
        try:
            backup.put(store, folder)
        except SampleDBError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
