"""Every order of events that Hypothesis can think of, on the pure core."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from model_user import CLOSED, LENDER, User
from pure_desired import desired
from pure_memory import wrong

from renderer.core.decide import decide
from renderer.core.layout import Role
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.operations.chaos import faults
from renderer.core.operations.step import Step
from renderer.core.plan import Files, Phase
from renderer.core.record import Record
from renderer.core.resource import duration

REFUSED = {"DowngradeRefused"}
SATURDAY = 5
BACKUPS = ("PersistentVolumeClaim", "orders-backup")


class Operator(User):
    """A user, an applier and a node act in any order; the controller passes in between."""

    @precondition(lambda self: not self.cluster.released)
    @rule()
    def controller_passes(self) -> None:
        wanted = desired(deleting=self.deleting, **self.spec)
        plan = decide(wanted, self.cluster.observed(), self.cluster.record, self.cluster.now)
        again = decide(wanted, self.cluster.observed(), self.cluster.record, self.cluster.now)
        assert plan == again
        if self.spec.get("paused"):
            assert plan.files is Files.LEAVE
        if plan.files is Files.WRITE:
            self.cluster.render(wanted)
        before = self.cluster.record
        served = self.serves_somebody()
        self.cluster.commit(plan)
        record = self.cluster.record
        if record and record.lent and not (before and before.lent):
            assert self.cluster.lender
        if (record and record.previous_claim) != (before and before.previous_claim):
            self.kept_since = self.cluster.now
        self.asked = plan.approval or self.asked
        if plan.phase is Phase.READY:
            self._what_is_said_to_be_in_force_is()
        self._nothing_dangerous_begins_unasked(before, record)
        self._a_replaced_volume_goes_by_the_users_word(before, record)
        if record and wrong(record.configuration):
            assert not served, "a server that ran was given what it refuses"
        self.proved = self.proved or bool(record and record.final_backup)

    def _a_replaced_volume_goes_by_the_users_word(
        self, before: Record | None, after: Record | None
    ) -> None:
        begun = _place(after)
        if after is None or begun is None or begun == _place(before):
            return
        if begun[1].name == "LiftProtection" and not begun[1].protect_previous:
            said = self.spec.get("confirmed") == after.to_confirm
            assert said or self._has_been_kept(after)
            self.let_go.add(after.previous_claim)
        if begun[1].name in {"Stop", "Swap", "Move"} and replaces(after):
            said = self.spec.get("confirmed") or None  # an empty word names nothing
            assert said not in {after.restoring, begun[0]}

    def _has_been_kept(self, record: Record) -> bool:
        """Whether the volume that is kept goes by itself: the server runs on the new one."""
        keep = self.spec.get("storage", {}).get("keepReplaced", "")
        over = bool(keep) and self.cluster.now - self.kept_since >= duration.parse(keep)
        return over and bool(self.cluster.pod) and not record.hibernated

    def _what_is_said_to_be_in_force_is(self) -> None:
        """A server that is Ready has read its configuration, whatever needs a restart too."""
        record, memory = self.cluster.record, self.cluster.memory
        if record and record.underway is None and self.cluster.pod:
            assert memory.read == record.configuration
            assert not memory.pending(memory.read)

    def _nothing_dangerous_begins_unasked(
        self, before: Record | None, after: Record | None
    ) -> None:
        begun = _place(after)
        if begun is None or begun == _place(before):
            return
        underway, step = begun
        gates = self.spec.get("upgrade", {})
        if (step.danger or step.name == "DropOld") and gates.get("approval"):
            approved = self.spec.get("approved", "")
            assert approved.split("/")[1:2] == [step.name]
        if step.danger and gates.get("approval"):
            assert self.spec.get("approved", "").startswith(f"{underway}/{step.name}/")
        assert not (step.disrupts and gates.get("window") == CLOSED)

    @precondition(lambda self: not self.cluster.released)
    @rule(rounds=st.integers(1, 8))
    def time_goes_by(self, rounds: int) -> None:
        for _ in range(rounds):
            if not self.cluster.released:
                self.controller_passes()
                self.applier_applies()
                self.node_runs()
                self.data_goes_only_with_its_proof_or_the_users_word()

    @rule()
    def applier_applies(self) -> None:
        self.cluster.apply()

    @rule()
    def node_runs(self) -> None:
        self.cluster.run()
        self.had_data = self.had_data or self.cluster.data

    @rule(value=st.booleans())
    def the_age_of_backups_is_known_or_not(self, value: bool) -> None:
        self.cluster.timed = value

    @rule(hours=st.sampled_from([-800, -30, -1, 1, 30, 800]))
    def the_clock_jumps(self, hours: int) -> None:
        """Not into the window that is closed (within 02:00 and 06:00 of a Saturday)."""
        there = self.cluster.now + timedelta(hours=hours)
        if there.weekday() != SATURDAY:
            self.cluster.now = there

    @rule(running=st.booleans())
    def jobs_hang_or_end(self, running: bool) -> None:
        self.cluster.jobs_run = running

    @rule()
    def a_job_fails(self) -> None:
        for (kind, name), (role, _, _) in self.cluster.live.items():
            if kind == "Job" and role is not Role.INIT:
                self.cluster.job_results.setdefault(name, "it failed")

    @rule()
    def somebody_deletes_the_failed_jobs(self) -> None:
        results = self.cluster.job_results
        self.cluster.job_results = {k: v for k, v in results.items() if not isinstance(v, str)}

    @rule(comes=st.booleans())
    def changed_files_come_or_lag(self, comes: bool) -> None:
        self.cluster.memory.comes = comes

    @precondition(lambda self: not self.cluster.released)
    @rule(
        name=st.sampled_from(["max_connections", "work_mem"]),
        value=st.sampled_from(["100", "200"]),
        comes=st.booleans(),
        told=st.booleans(),
    )
    def a_ready_server_is_to_have_other_parameters(
        self, name: str, value: str, *, comes: bool, told: bool
    ) -> None:
        self.time_goes_by(8)
        self.cluster.memory.comes, self.cluster.memory.told = comes, told
        self.spec["parameters"] = {name: value}
        self.time_goes_by(8)

    @rule(broken=st.booleans())
    def pod_breaks_or_heals(self, broken: bool) -> None:
        self.cluster.pod_message = "CrashLoopBackOff: back-off" if broken else ""

    def serves_somebody(self) -> bool:
        """Whether a server runs with what is in Git, and there is something in its database."""
        cluster = self.cluster
        record = cluster.record
        current = cluster.pod and cluster.pod == cluster.pod_hash and not cluster.complaint
        return bool(current and record and record.initialized and not wrong(record.configuration))

    @invariant()
    def data_goes_only_with_its_proof_or_the_users_word(self) -> None:
        if self.had_data and not self.cluster.data:
            assert self.proved or self.word_given

    @invariant()
    def a_volume_that_a_server_ran_on_goes_only_with_a_proof_or_the_users_word(self) -> None:
        assert self.cluster.lost <= self.let_go or self.proved or self.word_given

    @invariant()
    def once_there_are_data_no_server_of_another_major_meets_them(self) -> None:
        record = self.cluster.record
        if "data of PostgreSQL" in self.cluster.complaint and self.cluster.pod:
            assert record is None or not record.data_version

    @invariant()
    def an_experiment_begins_beside_a_verified_backup_and_nothing_else(self) -> None:
        record = self.cluster.record
        if record and record.underway and record.underway.type == "Chaos":
            assert record.backup
            assert not record.hibernated
            assert record.trial

    @invariant()
    def a_fault_is_made_once_for_each_experiment(self) -> None:
        assert len(set(self.cluster.faults)) == len(self.cluster.faults)

    @invariant()
    def a_server_is_cut_off_only_by_an_experiment_under_way(self) -> None:
        record = self.cluster.record
        if record and faults(record, desired(**self.spec)).deny:
            assert record.underway
            assert record.underway.type == "Chaos"

    @invariant()
    def the_finalizer_goes_last(self) -> None:
        if self.cluster.released:
            assert self.deleting
            assert self.cluster.record is None

    @invariant()
    def the_backups_are_never_unprotected(self) -> None:
        for (_kind, name), (_role, _stamp, protected) in self.cluster.git.items():
            if name == "orders-backup" and _kind == "PersistentVolumeClaim":
                assert protected

    @invariant()
    def a_proved_snapshot_stays_until_it_is_let_go(self) -> None:
        record = self.cluster.record
        for each in record.snapshots if record else ():
            there = self.cluster.live.get(("VolumeSnapshot", each.name))
            going = record is not None and record.expiring == each
            assert going or (there is not None and there[2])

    @invariant()
    def a_claim_with_backups_stays_wherever_later_ones_go(self) -> None:
        self.had_backups = self.had_backups or BACKUPS in self.cluster.live
        assert self.had_backups == (BACKUPS in self.cluster.live)

    def teardown(self) -> None:
        """Left alone and healthy, every history ends in a stable state."""
        self.cluster.snapshot_error = ""
        self.cluster.pod_message = ""
        self.cluster.jobs_run = self.cluster.memory.comes = True
        self.somebody_deletes_the_failed_jobs()
        self.spec["paused"] = False
        self.spec["upgrade"] = {}
        if self.spec.get("confirmed") == self.spec.get("restore", {}).get("id"):
            self.spec["confirmed"] = ""
        self.cluster.lender = LENDER
        if self.cluster.released:
            return
        mended = {**self.spec, "parameters": {}}
        if self.spec.get("parameters") == {"max_conections": "100"}:
            self.cluster.settle(desired(deleting=self.deleting, **self.spec), turns=40)
            self.spec = mended
            if self.cluster.released:
                return
        wanted = desired(deleting=self.deleting, **self.spec)
        plan = self.cluster.settle(wanted, turns=40)
        if self.deleting:
            assert self.cluster.released or plan.deletion_blocked
        else:
            foreign = "data of PostgreSQL" in self.cluster.complaint
            refused = foreign or (plan.problem is not None and plan.problem.reason in REFUSED)
            assert not self.cluster.full
            assert refused or plan.phase in {Phase.READY, Phase.HIBERNATED}
            if not (refused or self.spec.get("hibernate")):
                assert self.cluster.live_image == wanted.image


def replaces(record: Record) -> bool:
    """Whether what is under way ends with another volume in place of the server's."""
    return bool(record.underway and OPERATIONS[record.underway.type].replaces)


def _place(record: Record | None) -> tuple[str, Step] | None:
    """Which step of which operation is under way."""
    underway = record.underway if record else None
    operation = OPERATIONS.get(underway.type) if underway else None
    if underway is None or operation is None:
        return None
    return underway.id, operation.steps[operation.index(underway.step)]


Operator.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestOperator = Operator.TestCase
