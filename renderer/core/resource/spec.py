"""The one model of a SampleDB's spec: its fields, defaults, limits and documentation.

The CRD's schema is generated from these classes (`renderer.core.crd`), and the
text below a field is what `kubectl explain` prints.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from renderer.core.resource import fields, resources
from renderer.core.resource.backup import Backup, Restore
from renderer.core.resource.chaos import NETWORK_POLICY_IS_THERE, Chaos
from renderer.core.resource.model import CONFIG, Broken, Checked, Rule, UpdateRule, shared
from renderer.core.resource.network import NetworkPolicy, Service
from renderer.core.resource.operations import Deletion, Delivery, Migrations, Upgrade
from renderer.core.resource.storage import Storage

_RESERVED_DATABASES = ("postgres", "template0", "template1")
_RESERVED_ROLES = (
    "postgres",
    "public",
    "none",
    "current_role",
    "current_user",
    "session_user",
    "streaming_replica",
)
_SQL_LIMIT = 768 * 1024
"""Bytes of all inline SQL: a ConfigMap holds 1 MiB, and scripts go there too."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class SqlConfigMapRef(Checked):
    """A key of a ConfigMap in the same namespace that holds SQL."""

    name: fields.ObjectName = ""
    """Name of the ConfigMap."""
    key: fields.ConfigMapKey = ""
    """Key in the ConfigMap's data."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(self.name == '') == (self.key == '')",
            holds=lambda ref: (ref.name == "") == (ref.key == ""),
            message="must hold both name and key, or neither",
            remedy="add the one that is missing",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Init(Checked):
    """The initial configuration, run once by a Job when the server is first ready."""

    database: fields.DatabaseName = "app"
    """Name of the database to create."""
    owner: fields.DatabaseName = "app"
    """Role that owns the database and that applications log in as."""
    extensions: Annotated[
        tuple[fields.Extension, ...],
        Field(max_length=64, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()
    """Extensions to create in the database, in order."""
    sql: Annotated[tuple[fields.Statement, ...], Field(max_length=100)] = ()
    """SQL statements to run in the database as its owner, in order."""
    sql_config_map_ref: SqlConfigMapRef = Field(default_factory=shared(SqlConfigMapRef))
    """More SQL, from a ConfigMap; run after `sql`."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"!(self.database in {list(_RESERVED_DATABASES)})",
            holds=lambda init: init.database not in _RESERVED_DATABASES,
            message="must not be a database of the server itself: "
            + ", ".join(_RESERVED_DATABASES),
            field="database",
            remedy="choose another name, for example app",
        ),
        Rule(
            cel=f"!(self.owner in {list(_RESERVED_ROLES)}) && !self.owner.startsWith('pg_')",
            holds=lambda init: (
                init.owner not in _RESERVED_ROLES and not init.owner.startswith("pg_")
            ),
            message="must not be a role of the server itself: "
            + ", ".join(_RESERVED_ROLES)
            + ", or pg_…",
            field="owner",
            remedy="choose another name, for example app",
        ),
    )

    def extra(self) -> tuple[Broken, ...]:
        """All inline SQL must fit into a ConfigMap, as text; an extension comes once."""
        found = [
            Broken(
                message="must not hold the NUL character",
                field=f"sql[{index}]",
                remedy="remove it: PostgreSQL's text can't hold it either",
            )
            for index, statement in enumerate(self.sql)
            if "\0" in statement
        ]
        size = sum(len(statement.encode()) for statement in self.sql)
        if size > _SQL_LIMIT:
            found.append(
                Broken(
                    message=f"must be at most {_SQL_LIMIT} bytes in all, is {size}",
                    field="sql",
                    remedy="put it into a ConfigMap and name that in init.sqlConfigMapRef",
                )
            )
        found += [
            Broken(
                message="names an extension twice",
                field=f"extensions[{index}]",
                value=name,
                remedy="remove one",
            )
            for index, name in enumerate(self.extensions)
            if name in self.extensions[:index]
        ]
        return tuple(found)


class CredentialsSource(StrEnum):
    """Where the Secret with the database's credentials comes from."""

    GENERATED = "Generated"
    EXISTING = "Existing"
    EXTERNAL_SECRET = "ExternalSecret"  # noqa: S105 - the name of a kind, not a secret
    SEALED_SECRET = "SealedSecret"  # noqa: S105 - the name of a kind, not a secret
    SOPS = "SOPS"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Rotation(Checked):
    """Asks for new credentials."""

    requested_at: fields.Token = ""
    """A new value, such as the time, asks for one rotation."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Credentials(Checked):
    """The Secret that holds the database's user, passwords and address."""

    source: CredentialsSource = CredentialsSource.GENERATED
    """Where the Secret comes from: Generated creates it in the cluster, never in Git."""
    secret_name: fields.ObjectName = ""
    """Name of the Secret; empty for <name>-credentials."""
    rotation: Rotation = Field(default_factory=shared(Rotation))
    """Asks for new credentials."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.source != 'Existing' || self.secretName != ''",
            holds=lambda credentials: (
                credentials.source is not CredentialsSource.EXISTING
                or credentials.secret_name != ""
            ),
            message="is required with source: Existing",
            field="secretName",
            remedy="name the Secret, or let one be generated with source: Generated",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Monitoring:
    """Metrics of the server."""

    enabled: fields.Flag = False
    """Whether to run a metrics exporter beside the server."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Scheduling:
    """Where the server's Pods may run; the fields are those of a Pod."""

    node_selector: fields.Labels = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: Annotated[tuple[fields.FreeForm, ...], Field(max_length=32)] = ()
    """Tolerations, as on a Pod."""
    affinity: fields.FreeForm = Field(default_factory=dict)
    """Affinity, as on a Pod."""
    topology_spread_constraints: Annotated[tuple[fields.FreeForm, ...], Field(max_length=16)] = ()
    """Topology spread constraints, as on a Pod."""
    priority_class_name: fields.ObjectName = ""
    """PriorityClass of the Pods; empty for the cluster's default."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Disruption:
    """Protection against voluntary disruptions."""

    pod_disruption_budget: fields.Flag = True
    """Whether to render a PodDisruptionBudget for the server."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Spec(Checked):
    """What the database is to be."""

    engine: fields.Engine
    """Template pack that serves this database, for example postgresql. Can't be changed."""
    version: fields.Version
    """Version of the server: major, or major.minor. Write it in quotes."""
    image: fields.Image = ""
    """Overrides the pack's image for that version; pin it by digest."""
    instances: fields.Instances = 1
    """Number of servers: 1 for a single one, more for a primary with replicas."""
    storage: Storage
    """The volume that holds the data."""
    resources: fields.FreeForm = Field(default_factory=dict)
    """Requests and limits of the server's container, as on a container."""
    parameters: fields.Parameters = Field(default_factory=dict)
    """Settings of the server; every value is a quoted string."""
    pg_hba: Annotated[tuple[fields.HbaLine, ...], Field(max_length=200)] = ()
    """Lines of pg_hba.conf, placed before the defaults."""
    init: Init = Field(default_factory=shared(Init))
    """The initial configuration, run once."""
    credentials: Credentials = Field(default_factory=shared(Credentials))
    """The Secret that holds the database's credentials."""
    service: Service = Field(default_factory=shared(Service))
    """The Service that applications connect to."""
    backup: Backup = Field(default_factory=shared(Backup))
    """Scheduled backups."""
    restore: Restore = Field(default_factory=shared(Restore))
    """Restores the data from a backup, once for each id."""
    upgrade: Upgrade = Field(default_factory=shared(Upgrade))
    """How a change of the version is carried out."""
    migrations: Migrations = Field(default_factory=shared(Migrations))
    """Ordered SQL migrations."""
    monitoring: Monitoring = Field(default_factory=shared(Monitoring))
    """Metrics of the server."""
    network_policy: NetworkPolicy = Field(default_factory=shared(NetworkPolicy))
    """Who may connect to the server."""
    scheduling: Scheduling = Field(default_factory=shared(Scheduling))
    """Where the server's Pods may run."""
    disruption: Disruption = Field(default_factory=shared(Disruption))
    """Protection against voluntary disruptions."""
    chaos: Chaos = Field(default_factory=shared(Chaos))
    """Experiments that prove that the database recovers."""
    hibernate: fields.Flag = False
    """Scales the server to zero and keeps its volumes."""
    paused: fields.Flag = False
    """The controller leaves this database's files alone."""
    deletion: Deletion = Field(default_factory=shared(Deletion))
    """What happens to the data when this object is deleted."""
    delivery: Delivery = Field(default_factory=shared(Delivery))
    """How changes get to the branch that is deployed."""

    rules: ClassVar[tuple[Rule, ...]] = (
        NETWORK_POLICY_IS_THERE,
        Rule(
            cel="self.restore.from.s3Url == '' || (has(self.backup.target) && "
            "has(self.backup.target.s3))",
            holds=lambda spec: (
                spec.restore.from_.s3_url == ""
                or (spec.backup.target is not None and spec.backup.target.s3 is not None)
            ),
            message="needs backup.target.s3: with its endpoint and Secret the backup is read",
            field="restore.from.s3Url",
            remedy="add backup.target.s3, which may name another bucket",
        ),
        Rule(
            cel="self.restore.from.__namespace__ == '' || (has(self.backup.target) && "
            "has(self.backup.target.s3))",
            holds=lambda spec: (
                spec.restore.from_.namespace == ""
                or (spec.backup.target is not None and spec.backup.target.s3 is not None)
            ),
            message="needs backup.target.s3: a volume can't be mounted in another namespace",
            field="restore.from.namespace",
            remedy="keep the backups of both in an S3 store; or copy a VolumeSnapshot here, and "
            "name that in volumeSnapshotName",
        ),
    )
    updates: ClassVar[tuple[UpdateRule, ...]] = (
        UpdateRule(
            cel="self.engine == oldSelf.engine",
            holds=lambda old, new: old.engine == new.engine,
            message="can't be changed: the data is in the old engine's format",
            field="engine",
            remedy="write the old value, or create a new SampleDB",
        ),
    )

    def extra(self) -> tuple[Broken, ...]:
        """`resources` must be what a container takes."""
        return resources.problems(self.resources)
