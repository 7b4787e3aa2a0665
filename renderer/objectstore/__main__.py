"""`python3 -m renderer.objectstore put|get`: one container of a Job.

Reads: S3_URL (where the backups lie) S3_ENDPOINT S3_REGION S3_SECRET (its name, for messages)
       S3_CA (PEM, if any) AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN (if any)
       BACKUP_DIR TMPDIR TERMINATION_LOG
       put: KEEP MAX_AGE_DAYS (if any) REASON; get: BACKUP_ID
       ALLOW_UNVERIFIED (1: also one without a manifest; if any)
Exit codes, as the scripts have them: 65 = trying again won't help; 1 = try again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import orjson

from renderer.core import buckets
from renderer.core.errors import InvalidError, SampleDBError
from renderer.objectstore import backup
from renderer.objectstore.retention import Retention
from renderer.objectstore.store import Access, Store

_HOPELESS = 65
_AGAIN = 1
_WORDS = 2000
_log = logging.getLogger("renderer.objectstore")


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Put or get one backup; the last words go to the termination message."""
    message = Path(environment["TERMINATION_LOG"])
    try:
        result = _WORK[arguments[0]](environment)
    except InvalidError as error:
        return _failed(message, str(error), _HOPELESS)
    except SampleDBError as error:
        return _failed(message, str(error), _AGAIN)
    except OSError as error:
        return _failed(message, f"{error.strerror}: {error.filename}", _AGAIN)
    if result:
        message.write_bytes(orjson.dumps(result) + b"\n")
    return 0


def _put(environment: Mapping[str, str]) -> dict[str, Any]:
    store = _store(environment)
    result = backup.put(store, Path(environment["BACKUP_DIR"]))
    if environment["REASON"] != "Final":
        retention = Retention(
            count=int(environment["KEEP"]), days=int(environment.get("MAX_AGE_DAYS") or 0)
        )
        try:
            backup.prune(store, str(result["id"]), retention, datetime.now(UTC))
        except SampleDBError as error:
            _log.warning("old backups could not be removed; tried again next time: %s", error)
    return result


def _get(environment: Mapping[str, str]) -> dict[str, Any]:
    folder, unverified = Path(environment["BACKUP_DIR"]), environment.get("ALLOW_UNVERIFIED") == "1"
    backup.get(_store(environment), environment["BACKUP_ID"], folder, unverified=unverified)
    return {}


_WORK = {"put": _put, "get": _get}


def _store(environment: Mapping[str, str]) -> Store:
    authority = None
    if environment.get("S3_CA"):
        authority = Path(environment["TMPDIR"]) / "store-ca.crt"
        authority.write_text(environment["S3_CA"])
    access = Access(
        endpoint=environment.get("S3_ENDPOINT", ""),
        region=environment.get("S3_REGION", ""),
        key_id=environment["AWS_ACCESS_KEY_ID"].strip(),
        key=environment["AWS_SECRET_ACCESS_KEY"].strip(),
        token=environment.get("AWS_SESSION_TOKEN", "").strip(),
        authority=authority,
        secret=environment["S3_SECRET"],
    )
    return Store(buckets.parse(environment["S3_URL"]), access)


def _failed(message: Path, words: str, code: int) -> int:
    text = " ".join(words.split())[:_WORDS]
    sys.stderr.write(f"{text}\n")
    message.write_text(f"{text}\n")
    return code


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM: the Pod is going. No thread is waited for; what is half done goes after hours."""
    Path(os.environ["TERMINATION_LOG"]).write_text(f"{sys.argv[1]} was interrupted\n")
    os._exit(_AGAIN)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    for name in ("boto3", "botocore", "s3transfer"):
        logging.getLogger(name).setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _interrupted)
    sys.exit(main(sys.argv[1:], os.environ))
