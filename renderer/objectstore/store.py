"""A bucket: objects written, read back, listed and removed. The one owner of boto3."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from renderer.core.buckets import Place
from renderer.objectstore.trouble import Asked, told

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

AT_ONCE = 4
"""Files, and parts of each, that are on their way at the same time."""
_PART = 8 * 1024 * 1024
_BLOCK = 1024 * 1024
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to get to a store."""

    endpoint: str
    """URL; "" for AWS."""
    region: str
    key_id: str
    key: str
    token: str = ""
    authority: Path | None = None
    """Certificates that are trusted; None for the system's."""
    secret: str
    """The name of the Secret that the key is from, for messages."""
    connect_seconds: float = 10
    read_seconds: float = 60
    attempts: int = 4
    """How often one request is made before it has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The size and the sha256 of something."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One object of a listing."""

    name: str
    """Its key below the place that was listed."""
    modified: datetime


class Summing:
    """Something to write to that only counts and sums."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    @property
    def sum(self) -> Sum:
        """Of all that was written."""
        return Sum(size=self._size, sha256=self._hash.hexdigest())


def sum_of(path: Path) -> Sum:
    """Read a file for its sum."""
    summing = Summing()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            summing.write(block)
    return summing.sum


class Store:
    """What lies below one place of a bucket. Safe to share between threads.

    Every method raises `InvalidError` or `TransientError` with the store's words.
    """

    def __init__(self, place: Place, access: Access) -> None:
        """Nothing is asked before the first method."""
        self.place, self._access = place, access
        self._endpoint = access.endpoint or "AWS"
        self._client = _client(access)
        self._transfer = TransferConfig(
            multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=AT_ONCE
        )

    def write(self, name: str, path: Path) -> None:
        """Upload a file, in parts when it is large; what is there is replaced."""
        bucket, key = self.place.bucket, self._key(name)
        with self._asking("write", name), path.open("rb") as file:
            if path.stat().st_size < _PART:  # many are small, and pools of threads are dear
                self._client.put_object(Bucket=bucket, Key=key, Body=file)
            else:
                self._client.upload_fileobj(file, bucket, key, Config=self._transfer)

    def sum(self, name: str) -> Sum:
        """Read all of an object for its sum. `MissingError` when it isn't there."""
        summing = Summing()
        self._read(name, summing)
        return summing.sum

    def fetch(self, name: str, path: Path) -> Sum:
        """Read all of an object into a new file; the file is what is summed."""
        with path.open("xb") as file:
            self._read(name, file)
        return sum_of(path)

    def read(self, name: str) -> bytes:
        """A small object. `MissingError` when it isn't there."""
        with self._asking("read", name):
            answer = self._client.get_object(Bucket=self.place.bucket, Key=self._key(name))
            return answer["Body"].read()

    def remove(self, name: str) -> None:
        """Remove an object; nothing happens when there is none."""
        with self._asking("remove", name):
            self._client.delete_object(Bucket=self.place.bucket, Key=self._key(name))

    def list(self, below: str = "") -> Iterator[Listed]:
        """Every object whose name begins with `below`, in the order of their names."""
        start = self._key("")
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.place.bucket, Prefix=start + below
        )
        with self._asking("list", below):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield Listed(
                        name=found["Key"].removeprefix(start), modified=found["LastModified"]
                    )

    def _read(self, name: str, into: Summing | IO[bytes]) -> None:
        bucket, key = self.place.bucket, self._key(name)
        with self._asking("read", name):
            answer = self._client.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] < _PART:
                into.write(answer["Body"].read())
                return
            answer["Body"].close()
            self._client.download_fileobj(
                bucket,
                key,
                into,  # type: ignore[arg-type]  # only ever written to
                Config=self._transfer,
            )

    def _key(self, name: str) -> str:
        return f"{self.place.prefix}/{name}" if self.place.prefix else name

    def _asking(self, verb: str, name: str) -> AbstractContextManager[None]:
        return told(
            Asked(
                what=f"{verb} {self.place.below(name)}",
                bucket=self.place.bucket,
                endpoint=self._endpoint,
                secret=self._access.secret,
            )
        )


def _client(access: Access) -> S3Client:
    """Addressed by path at an endpoint of its own, where a bucket may have no name in the DNS.

    Checksums in trailers, which boto3 adds by default, are refused by older stores; everything
    is read back and compared here.
    """
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint or None,
        region_name=access.region or _REGION,
        aws_access_key_id=access.key_id,
        aws_secret_access_key=access.key,
        aws_session_token=access.token or None,
        verify=str(access.authority) if access.authority else None,
        config=Config(
            s3={"addressing_style": "path" if access.endpoint else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": access.attempts},
            connect_timeout=access.connect_seconds,
            read_timeout=access.read_seconds,
            max_pool_connections=AT_ONCE * AT_ONCE,
        ),
    )
