"""The containers' program: what it leaves in the termination message, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from servers.git_http import self_signed
from servers.s3 import BUCKET, KEY, KEY_ID, S3Server, rclone, serve
from store_fixtures import ID, access, made

from renderer.core.buckets import Place
from renderer.core.errors import TransientError
from renderer.objectstore.__main__ import main
from renderer.objectstore.store import Store

URL = f"s3://{BUCKET}/jobs/team-a/orders"


@pytest.fixture
def env(server: S3Server, folder: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "S3_URL": f"{URL}/{tmp_path.name}",
        "S3_ENDPOINT": server.endpoint,
        "S3_REGION": "",
        "S3_SECRET": "store",
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": f"{KEY}\n",
        "BACKUP_DIR": str(folder),
        "BACKUP_ID": ID,
        "TMPDIR": str(tmp_path),
        "TERMINATION_LOG": str(tmp_path / "log"),
        "KEEP": "1",
        "MAX_AGE_DAYS": "",
        "REASON": "Scheduled",
    }


def test_the_result_is_one_line_and_the_older_backup_is_gone(
    env: dict[str, str], tmp_path: Path
) -> None:
    older = "20261120T030000Z-1a2b3c"
    made(tmp_path / "older", older)
    assert main(["put"], {**env, "BACKUP_DIR": str(tmp_path / "older")}) == 0
    assert main(["put"], env) == 0
    (line,) = Path(env["TERMINATION_LOG"]).read_text().splitlines()
    told = orjson.loads(line)
    assert told["verified"] is True
    assert told["url"] == f"{env['S3_URL']}/{ID}"
    back = tmp_path / "back"
    back.mkdir()
    assert main(["get"], {**env, "BACKUP_DIR": str(back), "BACKUP_ID": older}) == 65
    assert f"the newest there are {ID}" in Path(env["TERMINATION_LOG"]).read_text()
    assert main(["get"], {**env, "BACKUP_DIR": str(back)}) == 0
    assert (back / ID / "manifest.json").exists()


def test_a_final_backup_removes_none(env: dict[str, str], tmp_path: Path) -> None:
    older = "20261120T030000Z-1a2b3c"
    made(tmp_path / "older", older)
    assert main(["put"], {**env, "BACKUP_DIR": str(tmp_path / "older")}) == 0
    assert main(["put"], {**env, "REASON": "Final"}) == 0
    (tmp_path / "back").mkdir()
    back = {**env, "BACKUP_DIR": str(tmp_path / "back"), "BACKUP_ID": older}
    assert main(["get"], back) == 0


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        pytest.param({"AWS_SECRET_ACCESS_KEY": "wrong-but-long"}, 65, "in the Secret", id="key"),
        pytest.param({"BACKUP_DIR": "/nowhere"}, 1, "there is none in /nowhere", id="no backup"),
    ],
)
def test_what_went_wrong_is_one_sentence(
    env: dict[str, str], change: dict[str, str], code: int, said: str
) -> None:
    assert main(["put"], {**env, **change}) == code
    (line,) = Path(env["TERMINATION_LOG"]).read_text().splitlines()
    assert said in line


def test_a_volume_that_is_full_is_told(env: dict[str, str], tmp_path: Path) -> None:
    assert main(["put"], env) == 0
    full = tmp_path / "full"
    assert main(["get"], {**env, "BACKUP_DIR": str(full)}) == 1
    assert "No such file or directory" in Path(env["TERMINATION_LOG"]).read_text()


def test_a_store_that_says_nothing_is_given_up(folder: Path, server: S3Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        chosen = access(server, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        store = Store(Place(bucket=BUCKET, prefix="x"), replace(chosen, read_seconds=0.5))
        with pytest.raises(TransientError, match="doesn't answer in time"):
            store.write("name", folder / ID / "manifest.json")


def test_an_interrupted_run_says_so(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "renderer.objectstore", "get"],
            env={**os.environ, **env, "S3_ENDPOINT": endpoint},
        )
        with silent.accept()[0] as asking:
            asking.recv(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 1
    assert Path(env["TERMINATION_LOG"]).read_text() == "get was interrupted\n"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server with a certificate of its own."""
    folder = tmp_path_factory.mktemp("tls")
    with serve(folder, rclone(), certificate=self_signed(folder)) as running:
        yield running


def test_an_authority_of_ones_own_is_trusted_when_the_secret_has_it(
    env: dict[str, str], secure: S3Server
) -> None:
    there = {**env, "S3_ENDPOINT": secure.endpoint}
    assert main(["put"], there) == 65
    said = Path(env["TERMINATION_LOG"]).read_text()
    assert "its certificate isn't trusted" in said
    assert "key ca.crt of the Secret store" in said
    assert secure.certificate is not None
    authority = ssl.PEM_cert_to_DER_cert(_certificate(secure.certificate))
    assert main(["put"], {**there, "S3_CA": ssl.DER_cert_to_PEM_cert(authority)}) == 0


def _certificate(path: Path) -> str:
    text = path.read_text()
    return text[text.index("-----BEGIN CERTIFICATE") :]
