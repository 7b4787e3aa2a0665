"""Over TLS, as every real cluster is: the kubeconfig's CA is checked, and stop is prompt."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from renderer.cluster import kinds
from renderer.cluster.client import Cluster
from renderer.cluster.reflector import Pace, Reflector
from renderer.core.errors import TransientError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't installed")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "tls.crt", folder / "tls.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    names = ["-subj", "/CN=laptop", "-addext", "subjectAltName=IP:127.0.0.1"]
    # A strict verifier, as Python's is from 3.13 on, wants to know what the key is for.
    names += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True, timeout=60)
    return made, key


@pytest.fixture
def secure(server: Any, certificate: tuple[Path, Path]) -> Any:
    server.encrypt(*certificate)
    return server


def kubeconfig(folder: Path, server: str, ca: bytes | None) -> Path:
    cluster: dict[str, str] = {"server": server}
    if ca is not None:
        cluster["certificate-authority-data"] = base64.b64encode(ca).decode()
    path = folder / "config"
    path.write_text(
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"token": "t0ken"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return path


def test_the_kubeconfigs_ca_is_trusted_and_the_token_is_sent(
    secure: Any, answer: Any, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    secure.script = lambda _: answer(body={"gitVersion": "v1.36.3"})
    path = kubeconfig(tmp_path, secure.url, certificate[0].read_bytes())
    assert Cluster.connect(path).version() == "v1.36.3"
    assert secure.requests[0].headers["Authorization"] == "Bearer t0ken"


def test_a_server_that_the_ca_does_not_vouch_for_is_refused(
    secure: Any, answer: Any, tmp_path: Path
) -> None:
    secure.script = lambda _: answer(body={})
    with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
        Cluster.connect(kubeconfig(tmp_path, secure.url, None)).version()
    assert secure.requests == []


def test_a_watch_is_left_at_once_when_asked_to_stop(
    secure: Any, answer: Any, certificate: tuple[Path, Path], tmp_path: Path, eventually: Any
) -> None:
    secure.script = lambda request: (
        answer(events=(20.0,))
        if request.is_watch
        else answer(body={"metadata": {"resourceVersion": "1"}, "items": []})
    )
    path = kubeconfig(tmp_path, secure.url, certificate[0].read_bytes())
    reflector = Reflector(
        Cluster.connect(path), kinds.PODS, changed=lambda *_: None, pace=Pace(silence=60.0)
    )
    reflector.start()
    eventually(lambda: secure.asked(watch=True))
    time.sleep(0.05)  # let it begin to read the answer
    began = time.monotonic()
    assert reflector.stop(5.0)
    assert time.monotonic() - began < 1.0
