"""What the PostgreSQL pack renders, kept as files that a person has reviewed.

`UPDATE_GOLDEN=1 make test` (or pytest on this file) writes them anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from golden_specs import (
    FROM_STORE,
    MINIMAL,
    OLD,
    PRODUCTION,
    RELOADED,
    RESTORE,
    SERVER,
    STORE,
    Case,
    experiment,
)

from renderer import templating
from renderer.core import emit, layout, manifests, resource
from renderer.core.configuration import Configuration
from renderer.core.desired import Release
from renderer.core.layout import SNAPSHOTS, Claims, Role, Snapshot

GOLDEN = Path(__file__).with_name("golden")


CASES = {
    "minimal-initialise": Case(roles=SERVER | {Role.INIT}),
    "production-initialise": Case(spec=PRODUCTION, roles=SERVER | {Role.BACKUPS, Role.INIT}),
    "production": Case(spec=PRODUCTION, roles=SERVER | {Role.BACKUPS, Role.BACKUP}),
    "production-hibernated": Case(
        spec=PRODUCTION, roles=SERVER | {Role.BACKUPS, Role.BACKUP}, replicas=0
    ),
    "backup-now": Case(spec=PRODUCTION, roles=frozenset({Role.BACKUP_NOW}), operation="backup-2"),
    "minor-upgrade-backup": Case(
        spec=PRODUCTION,
        roles=frozenset({Role.SERVER, Role.BACKUP_NOW}),
        release=Release(image="docker.io/library/postgres:18.3", major="18"),
        operation="minorupgrade-2",
    ),
    "minor-upgrade-verify": Case(
        spec=PRODUCTION, roles=frozenset({Role.SERVER, Role.VERIFY}), operation="minorupgrade-2"
    ),
    "major-upgrade-preflight": Case(
        spec=PRODUCTION,
        roles=frozenset({Role.SERVER, Role.TOOLS, Role.PREFLIGHT}),
        release=OLD,
        operation="majorupgrade-2",
    ),
    "major-upgrade-convert": Case(
        spec=PRODUCTION,
        roles=frozenset({Role.SERVER, Role.BACKUPS, Role.BACKUP, Role.UPGRADE}),
        replicas=0,
        release=OLD,
        operation="majorupgrade-2",
    ),
    "major-upgrade-move": Case(
        spec={**PRODUCTION, "upgrade": {"strategy": "DumpRestore"}},
        roles=frozenset({Role.DATA, Role.SERVER, Role.RESTORED, Role.PREFLIGHT, Role.DUMP_RESTORE}),
        replicas=0,
        release=OLD,
        names=layout.names(
            "orders", credentials="orders-login", claims=Claims(restored="data-orders-r1a2b3c4d")
        ),
        operation="dumprestoreupgrade-2",
    ),
    "major-upgrade-analyze": Case(
        spec=PRODUCTION, roles=frozenset({Role.SERVER, Role.ANALYZE}), operation="majorupgrade-2"
    ),
    "major-upgrade-drop-old": Case(
        spec=PRODUCTION,
        roles=frozenset({Role.SERVER, Role.DROP_OLD}),
        previous="16",
        operation="majorupgrade-2",
    ),
    "restore": Case(
        spec={**PRODUCTION, "restore": RESTORE},
        roles=frozenset({Role.DATA, Role.BACKUPS, Role.RESTORED, Role.TOOLS, Role.RESTORE}),
        names=layout.names(
            "orders", credentials="orders-login", claims=Claims(restored="data-orders-r1a2b3c4d")
        ),
        operation="restore-2",
    ),
    "configure-check": Case(
        spec={
            **MINIMAL,
            "parameters": {"work_mem": "8MB"},
            "pgHba": ["host all all 10.0.0.0/8 scram-sha-256"],
        },
        roles=frozenset({Role.CONFIG, Role.SERVER, Role.TOOLS, Role.CHECK}),
        configuration=Configuration(parameters={"work_mem": "4MB"}),
        operation="configure-2",
    ),
    "configure-reload": RELOADED,
    "rotate": Case(
        roles=frozenset({Role.TOOLS, Role.ROTATE}),
        names=layout.names("orders", new_credentials="orders-credentials-1a2b3c4d"),
        operation="rotate-2",
    ),
    "migrate": Case(
        spec={
            **PRODUCTION,
            "migrations": {"configMapRef": {"name": "orders-schema"}, "targetVersion": "12"},
        },
        roles=frozenset({Role.TOOLS, Role.MIGRATE}),
        operation="migrate-2",
    ),
    "physical-backups": Case(
        spec={
            **MINIMAL,
            "backup": {
                "schedule": "0 3 * * *",
                "method": "Physical",
                "target": {"pvc": {"size": "2Gi"}},
                "retention": {"maxAge": "36h"},
            },
        },
        roles=frozenset({Role.CONFIG, Role.SCRIPTS, Role.BACKUPS, Role.BACKUP}),
    ),
    "backups-restored": Case(
        spec={
            **MINIMAL,
            "backup": {
                "schedule": "0 3 * * *",
                "verify": "Restore",
                "target": {"pvc": {"size": "2Gi"}},
            },
        },
        roles=frozenset({Role.CONFIG, Role.SCRIPTS, Role.BACKUPS, Role.BACKUP, Role.BACKUP_NOW}),
        operation="backup-2",
    ),
    "store": Case(
        spec=STORE,
        roles=frozenset({Role.BACKUP, Role.BACKUP_NOW, Role.FINAL_BACKUP}),
        operation="backup-2",
    ),
    "store-restore": Case(
        spec=FROM_STORE,
        roles=frozenset({Role.RESTORE}),
        names=layout.names("orders", claims=Claims(restored="data-orders-r1a2b3c4d")),
        operation="restore-2",
    ),
    "restore-swapped": Case(
        spec={**PRODUCTION, "restore": RESTORE},
        roles=frozenset({Role.DATA, Role.SERVER, Role.PREVIOUS}),
        names=layout.names(
            "orders",
            credentials="orders-login",
            claims=Claims(data="data-orders-r1a2b3c4d", previous="data-orders-0"),
        ),
        operation="restore-2",
    ),
    "chaos-crash": experiment("ServerCrash", Role.TOOLS, Role.EXPERIMENT),
    "chaos-kill": experiment("PodKill", Role.SERVER, mark="chaos-2-1"),
    "chaos-fill": experiment(
        "FillDisk", Role.EXPERIMENT, Role.MEND, fill_percent=95, volume_bytes=2**30
    ),
    "chaos-deny": experiment("NetworkDeny", Role.NETWORK, Role.MEND, deny=True),
    "snapshots": Case(
        roles=SNAPSHOTS,
        names=replace(
            layout.names("orders"),
            snapshot=Snapshot(name="orders-snapshot-1a2b3c4d", claim="data-orders-0"),
            old_snapshot=Snapshot(name="orders-snapshot-5e6f7a8b", claim="data-orders-r1a2b3c4d"),
        ),
    ),
    "restore-snapshot": Case(
        spec={
            **MINIMAL,
            "restore": {"id": "monday", "from": {"volumeSnapshotName": "orders-snapshot-1a2b3c4d"}},
        },
        roles=frozenset({Role.DATA, Role.RESTORED, Role.RESTORE}),
        names=replace(
            layout.names("orders", claims=Claims(restored="data-orders-r1a2b3c4d")),
            sources={"data-orders-r1a2b3c4d": "orders-snapshot-1a2b3c4d"},
        ),
        operation="restore-2",
    ),
    "deletion-final-backup": Case(roles=SERVER | {Role.BACKUPS, Role.FINAL_BACKUP}),
    "deletion-unprotected": Case(roles=SERVER | {Role.BACKUPS}, protect=False),
}


def files(case: Case) -> dict[str, str]:
    """The case's documents as they will be committed, but for their stamps."""
    pack = templating.load(templating.find("postgresql"))
    db = resource.parse(
        {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"namespace": "team-a", "name": "orders"},
            "spec": case.spec,
        }
    )
    rendered = templating.render(
        pack,
        templating.desired(db, pack),
        roles=case.roles,
        replicas=case.replicas,
        protect=case.protect,
        release=case.release,
        previous=case.previous,
        names=case.names,
        operation=case.operation,
        configuration=case.configuration,
        started=case.started,
        chaos=case.chaos,
    )
    return {
        f"{item.role.value}.yaml": emit.dump(
            manifests.prepare(item.document, item.role, db.key, pack.name)
        ).decode()
        for item in rendered
    }


@pytest.mark.parametrize("name", CASES)
def test_the_pack_renders_what_was_reviewed(name: str) -> None:
    directory = GOLDEN / name
    rendered = files(CASES[name])
    if os.environ.get("UPDATE_GOLDEN"):
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            old.unlink()
        for file, text in rendered.items():
            (directory / file).write_text(text)
    found = {path.name: path.read_text() for path in directory.iterdir()}
    assert sorted(found) == sorted(rendered)
    for file, text in rendered.items():
        assert text == found[file], f"{name}/{file}: review it, then run with UPDATE_GOLDEN=1"


def test_no_directory_of_a_case_that_is_gone_stays() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


def test_only_the_claims_annotations_tell_a_protected_rendering_from_one_that_may_go() -> None:
    case = Case(roles=SERVER)
    protected = files(case)
    released = files(Case(roles=SERVER, protect=False))
    differing = {name for name, text in protected.items() if text != released[name]}
    assert differing == {"pvc-data.yaml"}
    assert "prune" not in released["pvc-data.yaml"].lower()


def test_the_server_mounts_the_rendered_claim_and_makes_none_of_its_own() -> None:
    """Flux applies a StatefulSet before a claim: one of its own would be there first."""
    rendered = {name: yaml.safe_load(text) for name, text in files(Case(roles=SERVER)).items()}
    spec = rendered["statefulset.yaml"]["spec"]
    assert "volumeClaimTemplates" not in spec
    mounted = {volume["name"]: volume for volume in spec["template"]["spec"]["volumes"]}
    claim = mounted["data"]["persistentVolumeClaim"]["claimName"]
    assert claim == rendered["pvc-data.yaml"]["metadata"]["name"]


def test_hibernation_changes_the_replicas_and_suspends_the_schedule_only() -> None:
    awake, asleep = files(CASES["production"]), files(CASES["production-hibernated"])
    assert {name for name, text in awake.items() if text != asleep[name]} == {
        "statefulset.yaml",
        "cronjob-backup.yaml",
    }
    assert asleep["statefulset.yaml"] == awake["statefulset.yaml"].replace(
        "replicas: 1", "replicas: 0"
    )


def test_a_final_backup_needs_no_room_for_a_drill() -> None:
    roles = frozenset({Role.FINAL_BACKUP})
    for verify in ("Checksum", "Restore"):
        backup = {"verify": verify, "target": {"pvc": {"size": "2Gi"}}}
        text = files(Case(spec={**MINIMAL, "backup": backup}, roles=roles))["job-final-backup.yaml"]
        assert "drill" not in text.lower()


def test_growing_the_storage_leaves_the_statefulset_as_it_is() -> None:
    small, large = (
        files(Case(spec={**MINIMAL, "storage": {"size": size}})) for size in ("1Gi", "9Gi")
    )
    assert {name for name, text in small.items() if text != large[name]} == {"pvc-data.yaml"}


def test_a_changed_parameter_makes_a_new_pod_and_nothing_else() -> None:
    plain = files(Case())
    tuned = files(Case(spec={**MINIMAL, "parameters": {"work_mem": "8MB"}}))
    assert {name for name, text in plain.items() if text != tuned[name]} == {
        "configmap.yaml",
        "statefulset.yaml",
    }
