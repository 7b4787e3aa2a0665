"""What a user may ask for, and what may happen to the storage and the clock, as rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from pure_cluster import BACKUP_RESULT, PureCluster

from renderer.core.layout import Key
from renderer.core.observed import Lender

CLOSED = "0 2 * * 6 4h"
"""A window that is closed at `NOW`."""
OPEN = "0 3 * * * 1h Etc/UTC"
TARGETS = [{"pvc": {"size": "1Gi"}}, {"s3": {"bucket": "backups", "secretName": "store"}}]
GATES = [{}, {"approval": "Manual"}, {"window": CLOSED}, {"approval": "Manual", "window": OPEN}]


LENDER = Lender(
    key=Key(namespace="team-b", name="carts"), store="s3://backups/", grants=("team-a",)
)


class User(RuleBasedStateMachine):
    """The user of a SampleDB, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = PureCluster()
        self.spec: dict[str, Any] = {}
        self.deleting = False
        self.had_data = False
        self.proved = False
        self.word_given = False
        self.had_backups = False
        self.let_go: set[str] = set()
        self.kept_since = self.cluster.now
        self.asked = ""

    @rule(gates=st.sampled_from(GATES))
    def user_lets_upgrades_wait(self, gates: dict[str, Any]) -> None:
        strategy = self.spec.get("upgrade", {}).get("strategy", "InPlace")
        self.spec["upgrade"] = {"strategy": strategy, **gates}

    @rule(value=st.sampled_from(["InPlace", "DumpRestore"]))
    def user_chooses_how_to_upgrade(self, value: str) -> None:
        self.spec["upgrade"] = {**self.spec.get("upgrade", {}), "strategy": value}

    @rule()
    def user_approves_what_waits(self) -> None:
        self.spec["approved"] = self.asked

    @rule(name=st.sampled_from(["max_connections", "work_mem", "max_conections"]))
    def user_edits_a_parameter(self, name: str) -> None:
        self.spec["parameters"] = {name: "100"}

    @rule(value=st.booleans())
    def user_hibernates_or_wakes(self, value: bool) -> None:
        self.spec["hibernate"] = value

    @rule(value=st.sampled_from(["17", "18", "18.3", "18.9", "19", "19.1", "20"]))
    def user_asks_for_another_version(self, value: str) -> None:
        self.spec["version"] = value

    @rule(value=st.sampled_from(["", "monday", "tuesday"]), place=st.sampled_from(TARGETS))
    def user_asks_for_a_backup(self, value: str, place: dict[str, Any]) -> None:
        self._backs_up({"target": place, "requestedAt": value})

    @rule(
        value=st.sampled_from(["", "monday", "tuesday"]),
        schedule=st.sampled_from(["", "0 3 * * *"]),
        suspend=st.booleans(),
        keep=st.integers(1, 2),
    )
    def user_asks_for_snapshots(self, value: str, schedule: str, suspend: bool, keep: int) -> None:
        snapshots = {
            "method": "VolumeSnapshot",
            "requestedAt": value,
            "schedule": schedule,
            "suspend": suspend,
            "retention": {"keep": keep, "maxAge": "3d"},
        }
        self._backs_up(snapshots)

    def _backs_up(self, backup: dict[str, Any]) -> None:
        """The API server refuses a backup of another namespace without a store to read it from."""
        elsewhere = self.spec.get("restore", {}).get("from", {}).get("namespace")
        if not elsewhere or "s3" in backup.get("target", {}):
            self.spec["backup"] = backup

    @rule(days=st.integers(1, 5))
    def days_go_by(self, days: int) -> None:
        self.cluster.now += timedelta(days=days)

    @rule(broken=st.booleans())
    def storage_refuses_snapshots_or_takes_them(self, broken: bool) -> None:
        self.cluster.snapshot_error = "quota" if broken else ""

    @rule(value=st.sampled_from(["", "one", "two"]))
    def user_asks_for_a_restore(self, value: str) -> None:
        backup = {"backupId": BACKUP_RESULT["id"]} if value else {}
        self.spec["restore"] = {"id": value, "from": backup}

    @rule(value=st.sampled_from(["one", "two"]), granted=st.booleans())
    def user_asks_for_another_namespaces_backup(self, value: str, granted: bool) -> None:
        source = {"backupId": BACKUP_RESULT["id"], "sampleDB": "carts", "namespace": "team-b"}
        self.spec["restore"] = {"id": value, "from": source}
        self.spec["backup"] = {"target": TARGETS[1]}
        self.cluster.lender = LENDER if granted else None

    @rule(value=st.sampled_from(["", "one", "two"]))
    def user_confirms_a_restore(self, value: str) -> None:
        self.spec["confirmed"] = value

    @rule(value=st.sampled_from(["", "one", "two"]))
    def user_asks_for_migrations(self, value: str) -> None:
        self.spec["migrations"] = {"configMapRef": {"name": value}}

    @rule(value=st.sampled_from(["", "one", "two"]))
    def user_asks_for_new_credentials(self, value: str) -> None:
        self.spec["credentials"] = {"rotation": {"requestedAt": value}}

    @rule(value=st.sampled_from(["", "ServerCrash", "PodKill", "FillDisk", "NetworkDeny"]))
    def user_asks_for_an_experiment(self, value: str) -> None:
        experiments = [{"name": value.lower(), "action": value}] if value else []
        self.spec["chaos"] = {"experiments": experiments}
        if experiments:  # and for what one needs: hardly any history would come to it by chance
            self._backs_up({"target": TARGETS[0], "requestedAt": "friday"})
            self.cluster.timed = True

    @rule()
    def user_grows_the_volume(self) -> None:
        self.spec["storage"] = {**self.spec.get("storage", {}), "size": "2Gi"}

    @rule(value=st.sampled_from(["", "2d", "4d"]))
    def user_says_how_long_a_replaced_volume_is_kept(self, value: str) -> None:
        size = self.spec.get("storage", {}).get("size", "1Gi")
        self.spec["storage"] = {"size": size, "keepReplaced": value}
        self.cluster.timed = True

    @rule(value=st.booleans())
    def user_pauses_or_goes_on(self, value: bool) -> None:
        self.spec["paused"] = value

    @rule(
        deletion=st.sampled_from(
            [
                {"policy": "Snapshot"},
                {"policy": "Retain"},
                {"policy": "Delete"},
                {"policy": "Delete", "confirm": True},
            ]
        )
    )
    def user_sets_the_policy(self, deletion: dict[str, Any]) -> None:
        self.spec["deletion"] = deletion
        if self.deleting and deletion.get("confirm"):
            self.word_given = True

    @rule()
    def user_deletes(self) -> None:
        self.deleting = True
        self.word_given = self.word_given or bool(self.spec.get("deletion", {}).get("confirm"))
