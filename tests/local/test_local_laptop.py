"""The whole: what is committed gets applied, runs, answers and leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from renderer.core.errors import TransientError
from renderer.core.layout import Key
from renderer.git.change import Change
from renderer.git.repository import Repository
from renderer.local.applier import Pace
from renderer.local.laptop import Laptop, Options
from renderer.local.objects import ready

Object = dict[str, Any]
DIRECTORY = "databases/team-a/orders"


@pytest.fixture
def laptop() -> Iterator[Laptop]:
    with Laptop(Options(applier=False, node=False)) as made:
        yield made
    assert not made.folder.exists()


class Writer:
    """Commits to the laptop's repository."""

    def __init__(self, laptop: Laptop, cache: Path) -> None:
        self._repository = Repository.open(laptop.remote, cache)

    def commit(self, directory: str, files: dict[str, Object | str] | None) -> str:
        """Commit a directory whole (None: remove it); objects get a kustomization.yaml."""
        content = None
        if files is not None:
            content = {name: _bytes(value) for name, value in files.items()}
            listed = sorted(name for name in content if name != "kustomization.yaml")
            content.setdefault("kustomization.yaml", orjson.dumps({"resources": listed}))
        self._repository.fetch()
        change = Change(
            key=directory,
            directory=directory,
            files=content,
            beside={},
            based_on=self._repository.tree(directory),
            subject=directory,
        )
        self._repository.publish([change], now=datetime.now(UTC), approved=True)
        assert self._repository.tip
        return self._repository.tip

    def close(self) -> None:
        self._repository.close()


@pytest.fixture
def writer(laptop: Laptop, tmp_path: Path) -> Iterator[Writer]:
    made = Writer(laptop, tmp_path)
    yield made
    made.close()


def _bytes(value: Object | str) -> bytes:
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


def settings(
    name: str, *, protected: bool = False, namespace: str = "team-a", **data: str
) -> Object:
    annotations = {"kustomize.toolkit.fluxcd.io/prune": "disabled"} if protected else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "data": data,
    }


def test_what_leaves_git_is_pruned_unless_the_live_object_is_protected(
    laptop: Laptop, writer: Writer
) -> None:
    writer.commit(
        DIRECTORY,
        {
            "a.yaml": settings("a", k="1"),
            "b.yaml": settings("b"),
            "c.yaml": settings("c", protected=True),
        },
    )
    assert not laptop.applier.sync().errors
    tip = writer.commit(DIRECTORY, {"a.yaml": settings("a", k="2")})
    assert laptop.applier.sync().applied == tip
    live = laptop.objects.get("configmaps", "team-a", "a")
    assert live
    assert live["data"] == {"k": "2"}
    assert laptop.objects.get("configmaps", "team-a", "b") is None
    assert laptop.objects.get("configmaps", "team-a", "c")


def test_a_directory_that_leaves_git_is_pruned_whole(laptop: Laptop, writer: Writer) -> None:
    writer.commit(DIRECTORY, {"a.yaml": settings("a")})
    laptop.applier.sync()
    writer.commit(DIRECTORY, None)
    laptop.applier.sync()
    assert laptop.objects.get("configmaps", "team-a", "a") is None


BROKEN = {
    "empty": ({"kustomization.yaml": "resources: []\n"}, "is empty"),
    "not-yaml": ({"a.yaml": "a: [\n"}, "a.yaml"),
    "missing-file": ({"kustomization.yaml": "resources: [b.yaml]\n"}, "isn't there"),
    "no-name": ({"a.yaml": {"apiVersion": "v1", "kind": "ConfigMap"}}, "metadata.name"),
    "refused": (
        {"a.yaml": settings("a", k="2"), "b.yaml": settings("b", namespace="nowhere")},
        "ConfigMap/nowhere/b dry-run failed (NotFound)",
    ),
    "unknown-kind": ({"a.yaml": settings("a", k="2") | {"kind": "Nothing"}}, "Nothing"),
}


@pytest.mark.parametrize(
    ("files", "said"), [pytest.param(*value, id=key) for key, value in BROKEN.items()]
)
def test_a_directory_that_cannot_be_applied_keeps_what_is_there_and_stops_nobody_else(
    laptop: Laptop, writer: Writer, files: dict[str, Object | str], said: str
) -> None:
    good = writer.commit(DIRECTORY, {"a.yaml": settings("a", k="1")})
    laptop.applier.sync()
    writer.commit(DIRECTORY, files)
    tip = writer.commit("databases/team-a/other", {"o.yaml": settings("other")})
    report = laptop.applier.sync()
    assert list(report.errors) == [DIRECTORY]
    assert said in report.errors[DIRECTORY]
    assert (report.attempted, report.applied) == (tip, good)
    live = laptop.objects.get("configmaps", "team-a", "a")
    assert live
    assert live["data"] == {"k": "1"}
    assert laptop.objects.get("configmaps", "team-a", "other")


def test_drift_is_corrected_only_when_everything_is_applied_again(
    laptop: Laptop, writer: Writer
) -> None:
    writer.commit(DIRECTORY, {"a.yaml": settings("a", k="1")})
    laptop.applier.sync()
    laptop.store.delete("configmaps", "a", "team-a")
    laptop.applier.sync()
    assert laptop.objects.get("configmaps", "team-a", "a") is None
    laptop.applier.sync(everything=True)
    assert laptop.objects.get("configmaps", "team-a", "a")


def test_a_paused_applier_applies_nothing_until_it_goes_on(tmp_path: Path) -> None:
    with Laptop(Options(node=False, pace=Pace(interval=0.05))) as laptop:
        writer = Writer(laptop, tmp_path)
        laptop.applier.pause()
        tip = writer.commit(DIRECTORY, {"a.yaml": settings("a")})
        assert not laptop.applier.wait_for(tip, 0.5)
        laptop.applier.resume()
        assert laptop.applier.wait_for(tip, 10)
        assert laptop.objects.get("configmaps", "team-a", "a")
        writer.close()


def test_thousands_of_directories_cost_nothing_while_they_do_not_change(
    laptop: Laptop, writer: Writer
) -> None:
    for number in range(3):
        writer.commit(f"databases/team-a/db-{number}", {"a.yaml": settings(f"db-{number}")})
    laptop.applier.sync()
    version = laptop.store.version
    writer.commit("databases/team-a/db-1", {"a.yaml": settings("db-1", k="v")})
    laptop.applier.sync()
    assert laptop.store.version == version + 1


def test_the_demo_asks_the_server_with_its_secret() -> None:
    start = """set -eu
printf %s "$PASSWORD" > "$TMPDIR/pw"
initdb --username=postgres --auth=scram-sha-256 --pwfile="$TMPDIR/pw" --no-sync >/dev/null
echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
exec postgres -c listen_addresses="$LISTEN_ADDRESSES" -c unix_socket_directories="" -c fsync=off
"""
    secret = {
        "metadata": {"name": "orders-credentials", "namespace": "team-a"},
        "stringData": {"username": "postgres", "password": "s3cret", "database": "postgres"},
    }
    labels = {"sampledb.dev/name": "orders"}
    password = {"secretKeyRef": {"name": "orders-credentials", "key": "password"}}
    pod = {
        "metadata": {"name": "orders-0", "namespace": "team-a", "labels": labels},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "postgres:16",
                    "command": ["/bin/sh", "-c", start],
                    "env": [
                        {"name": "PGDATA", "value": "/data/pg"},
                        {"name": "TMPDIR", "value": "/scratch"},
                        {"name": "LISTEN_ADDRESSES", "value": "*"},
                        {"name": "PASSWORD", "valueFrom": password},
                    ],
                    "readinessProbe": {"tcpSocket": {"port": 5432}},
                    "volumeMounts": [
                        {"name": "data", "mountPath": "/data"},
                        {"name": "tmp", "mountPath": "/scratch"},
                    ],
                }
            ],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
        },
    }
    service = {
        "metadata": {"name": "orders", "namespace": "team-a"},
        "spec": {"selector": labels, "ports": [{"port": 5432}]},
    }
    key = Key(namespace="team-a", name="orders")
    with Laptop(Options(applier=False)) as laptop:
        with pytest.raises(TransientError, match="Secret orders-credentials"):
            laptop.psql(key, "SELECT 1")
        laptop.store.create("secrets", secret)
        laptop.store.create("services", service)
        laptop.store.create("pods", pod)
        laptop.wait(
            lambda: ready(laptop.objects.get("pods", "team-a", "orders-0") or {}),
            30,
            waiting_for="orders-0",
        )
        rows = laptop.psql(key, "SELECT 1, 'a,\"b', NULL UNION ALL SELECT 2, E'x\\ny', ''")
        assert rows == [("1", 'a,"b', ""), ("2", "x\ny", "")]
        assert laptop.psql(key, "SHOW server_version_num")[0][0].startswith("16")
        with pytest.raises(TransientError, match='relation "nothing" does not exist'):
            laptop.psql(key, "SELECT * FROM nothing")
