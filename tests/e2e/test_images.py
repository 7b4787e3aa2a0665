"""The images made on this machine, unpacked and run without a cluster, roots read-only."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from e2e.images.assemble import assemble
from e2e.images.recipe import POSTGRES
from e2e.images.unpacked import Unpacked, unpack
from e2e.images.wheels import TOP

SCRIPTS = TOP / "templates/postgresql/scripts"
SERVERS = [*(one.version for one in POSTGRES), "15"]
NEEDED = (
    "sh sed grep cut tr od find sha256sum sync date dirname basename tail head wc sort mkdir mv "
    "rm chmod cat tar tee sleep env psql pg_isready pg_dump pg_dumpall pg_restore initdb "
    "pg_basebackup pg_verifybackup pg_upgrade pg_controldata vacuumdb pgbench"
)


@pytest.fixture(scope="module")
def images() -> Mapping[str, Path]:
    return assemble()


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, images: Mapping[str, Path], tmp_path: Path) -> Unpacked:
    archive = images[f"docker.io/library/postgres:{request.param}"]
    return unpack(archive, tmp_path / "root")


@pytest.fixture
def renderer(images: Mapping[str, Path], tmp_path: Path) -> Unpacked:
    return unpack(images["docker.io/library/sampledb-renderer:latest"], tmp_path / "root")


def test_a_second_assembly_makes_nothing(images: Mapping[str, Path]) -> None:
    times = {path: path.stat().st_mtime_ns for path in images.values()}
    started = time.monotonic()
    assert assemble() == images
    assert time.monotonic() - started < 5
    assert {path: path.stat().st_mtime_ns for path in images.values()} == times


def test_the_server_images_have_what_the_scripts_call(server: Unpacked) -> None:
    search = f"for one in {NEEDED}; do command -v $one > /dev/null || echo lacks $one; done"
    assert server.run("/bin/sh", "-c", search, user=999) == ""
    version = server.config["Env"]
    assert f"PG_VERSION={server.run('postgres', '--version', user=999).split()[2]}" in version
    assert server.run("id", "-un", user=999).strip() == "postgres"
    assert "C.utf8" in server.run("locale", "-a", user=999)
    assert (server.root / "usr/share/zoneinfo/Europe/Berlin").exists()
    assert (server.root / "var/lib/postgresql").stat().st_uid == 999


def test_start_sh_starts_a_server_with_a_read_only_root(server: Unpacked, tmp_path: Path) -> None:
    major = next(item[9:] for item in server.config["Env"] if item.startswith("PG_MAJOR="))
    mounts = pod_folders(server, tmp_path)
    configuration = tmp_path / "config"
    # An empty listen_addresses: the test shares the machine's network.
    (configuration / "postgresql.conf").write_text("shared_buffers = 16MB\n")
    (configuration / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    files = [(configuration / name).read_bytes() for name in ("postgresql.conf", "pg_hba.conf")]
    digest = hashlib.sha256(b"".join(files)).hexdigest()
    for name in ("files.sha256", "template.sha256"):
        (configuration / name).write_text(f"{digest}\n")
    env = {
        "PGDATA": f"/var/lib/postgresql/{major}/docker",
        "CONFIG_DIR": "/etc/sampledb",
        "PGSOCKETDIR": "/var/run/postgresql",
        "TMPDIR": "/tmp",  # noqa: S108 - a folder of the test's own is mounted there
        "LISTEN_ADDRESSES": "",
        "TERMINATION_LOG": "/tmp/termination-log",  # noqa: S108 - the same
        "CONFIG_SHA256": digest,
        "WAIT_SECONDS": "5",
        "PGHOST": "/var/run/postgresql",
        "PGUSER": "postgres",
        "PGPASSWORD": "secret",
        "POSTGRES_PASSWORD": "secret",
    }
    command = server.command(("/bin/sh", "/etc/sampledb/start.sh"), user=999, mounts=mounts, **env)
    with (tmp_path / "log").open("w") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        until_ready(server, mounts, env, tmp_path / "log")
        query = (
            "SELECT current_setting('server_version_num')::int / 10000, "
            "now() AT TIME ZONE 'Asia/Tokyo' > now() AT TIME ZONE 'UTC'"
        )
        shown = server.run("psql", "-XAt", "-c", query, user=999, mounts=mounts, **env)
        assert shown.strip() == f"{major}|t"
    finally:
        started.kill()  # and with it, all that it has begun
        started.wait(30)


def pod_folders(server: Unpacked, folder: Path) -> Mapping[str, Path]:
    """What the Pod mounts: data, sockets, /tmp, and the ConfigMap with the pack's scripts."""
    mounts: dict[str, Path] = {}
    for target in ("/var/lib/postgresql", "/run/postgresql", "/tmp"):  # noqa: S108 - in the root
        source = folder / f"volume{target.replace('/', '-')}"
        source.mkdir()
        os.chown(source, 999, 999)
        mounts[target] = source
    configuration = folder / "config"
    configuration.mkdir()
    for script in ("start.sh", "ready.sh"):
        (configuration / script).write_bytes((SCRIPTS / script).read_bytes())
    # A container's runtime makes missing mount points, and follows /var/run to /run in the root.
    (server.root / "run/postgresql").mkdir(exist_ok=True)
    (server.root / "etc/sampledb").mkdir()
    return {**mounts, "/etc/sampledb": configuration}


def until_ready(
    server: Unpacked, mounts: Mapping[str, Path], env: Mapping[str, str], log: Path
) -> None:
    ready = server.command(("/bin/sh", "/etc/sampledb/ready.sh"), user=999, mounts=mounts, **env)
    deadline = time.monotonic() + 30
    while subprocess.run(ready, check=False, timeout=30).returncode:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def test_our_image_runs_as_a_user_of_no_rights_with_a_read_only_root(
    renderer: Unpacked, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir(mode=0o1777)
    mounts = {"/tmp": temporary}  # noqa: S108 - in the root

    def run(*program: str) -> str:
        return renderer.run(*program, user=65532, mounts=mounts)

    assert renderer.config["User"] == "65532:65532"
    assert renderer.config["Entrypoint"] == ["sampledb"]
    assert run("sampledb", "version").startswith("sampledb ")
    assert "render" in run("sampledb", "--help")
    assert run("git", "--version").startswith("git version")
    assert run("ssh", "-V").startswith("OpenSSH")
    assert run("id", "-un").strip() == "sampledb"
    assert 'kind: "CustomResourceDefinition"' in run("sampledb", "crd")
    run("python3", "-W", "error", "-c", "import renderer.wiring, renderer.controller.run")
    assert run("sh", "-c", "touch /opt/x 2>&1 || true").endswith("Read-only file system\n")
    assert not list(temporary.rglob("*.pyc"))
