"""PostgreSQL's programs: found, refused, copied, and run as the right user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from majors import WITH_15

from renderer.core.errors import InvalidError
from renderer.local import programs
from renderer.local.programs import Programs

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="another user can be tried by root only")


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        pytest.param("18", "(PostgreSQL) 18.", id="major"),
        pytest.param("18.4", "(PostgreSQL) 18.", id="minor"),
        pytest.param("16", "(PostgreSQL) 16.", id="older"),
        pytest.param("15", "(PostgreSQL) 15.", id="oldest", marks=WITH_15),
    ],
)
def test_the_programs_of_a_version_are_found(run_folder: Path, version: str, shown: str) -> None:
    found = Programs(cache=run_folder, owner=programs.account()).directory(version)
    told = subprocess.run([found / "pg_dump", "--version"], capture_output=True, check=True)
    assert shown in told.stdout.decode()
    run_folder.rmdir()


def test_a_version_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    those = ", ".join(programs.served())
    with pytest.raises(InvalidError, match=rf"'99'\); use one of {those}$"):
        Programs(cache=tmp_path, owner=None).directory("99")


def test_a_broken_installation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="can't be started"):
        Programs(cache=tmp_path, owner=None, package=tmp_path).directory("18")


def test_a_major_that_only_debians_packages_have_is_served_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "98" / "bin"
    made.mkdir(parents=True)
    (made / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 98beta1'\n")
    (made / "postgres").chmod(0o755)
    monkeypatch.setattr(programs, "DEBIAN", tmp_path)
    programs.served.cache_clear()
    try:
        assert programs.served()[-1] == "98"
        assert programs.major("docker.io/library/postgres:98") == "98"
        found = Programs(cache=tmp_path / "cache", owner=None).directory("98.1")
    finally:
        programs.served.cache_clear()
    assert found == made


def test_programs_of_another_version_than_their_place_says_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / programs.INSTALLS["18"].folder / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n")
    (folder / "postgres").chmod(0o755)
    with pytest.raises(InvalidError, match="or are of another version"):
        Programs(cache=tmp_path, owner=None, package=tmp_path).directory("18")


@AS_ROOT
def test_an_installation_that_the_user_cannot_read_is_copied(run_folder: Path) -> None:
    install = programs.INSTALLS["18"]
    real = programs._package(install.wheel)  # noqa: SLF001  # the wheel's real folder is the material
    assert real
    hidden = run_folder / "hidden"
    hidden.mkdir(mode=0o700)
    for folder in (real, real.parent / install.libraries):
        (hidden / folder.name).symlink_to(folder)
    cache = run_folder / "cache"
    cache.mkdir()
    owner = programs.account()
    assert owner
    found = Programs(cache=cache, owner=owner, package=hidden / real.name).directory("18")
    assert found.is_relative_to(cache)
    subprocess.run(
        [found / "psql", "--version"],
        user=owner.uid,
        group=owner.gid,
        extra_groups=[],
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run(["rm", "-r", run_folder], check=True)


IMAGES = {
    "postgres:18": "18",
    "docker.io/library/postgres:16.4-bookworm": "16",
    "registry.example:5000/x/postgresql:18@sha256:" + "a" * 64: "18",
    "postgres": None,
    "postgres:99": None,
    "postgres@sha256:" + "a" * 64: None,
    "nginx:18": None,
    "": None,
}


@pytest.mark.parametrize(("image", "major"), [pytest.param(*i, id=i[0]) for i in IMAGES.items()])
def test_the_major_is_read_from_the_tag(image: str, major: str | None) -> None:
    assert programs.major(image) == major


WITHOUT_ROOT = """
import os, pwd, sys, time
from pathlib import Path
from renderer.local.api.store import Store
from renderer.local.guardian import Guardian
from renderer.local.node import Node

folder = Path(sys.argv[1])
guardian = Guardian(folder)
os.chown(folder, 65534, 65534)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
store = Store()
node = Node(store, folder, guardian)
script = '''
set -e
initdb -U postgres --auth=trust --no-sync -D "$PGDATA" >/dev/null
postgres --single -D "$PGDATA" postgres < /dev/null
id -u > "$RESULT"
'''
pod = {
    "metadata": {"name": "one", "namespace": "default"},
    "spec": {
        "restartPolicy": "Never",
        "containers": [{
            "name": "main",
            "image": "postgres:18",
            "command": ["/bin/sh", "-c", script],
            "env": [
                {"name": "PGDATA", "value": "/data/pg"},
                {"name": "RESULT", "value": "/dev/termination-log"},
            ],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }],
        "volumes": [{"name": "data", "emptyDir": {}}],
    },
}
store.create("pods", pod)
node.start()
deadline = time.monotonic() + 30
status = {}
while status.get("phase") not in ("Succeeded", "Failed") and time.monotonic() < deadline:
    time.sleep(0.05)
    status = store.get("pods", "one", "default").get("status", {})
print(status["phase"], status["containerStatuses"][0]["state"]["terminated"].get("message"))
node.close()
guardian.close()
"""


@AS_ROOT
def test_without_root_everything_runs_as_the_user_itself(run_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOT, run_folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Succeeded 65534\n\n", "")
