"""Every setting: its name, type, default and one line of help."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from renderer.core.layout import IMAGE

_CONFIG = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def _seconds(value: object) -> object:
    """Read `30s`, `5m`, `1h`, `250ms` as seconds; a number is seconds already."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if not match:
            problem = "is not a duration; write it like 30s, 5m or 1h"
            raise ValueError(problem)
        return float(match[1]) * _UNITS[match[2]]
    return value


def _address(value: object) -> object:
    """Check `host:port`; `:8080` means every address, `` and `0` switch it off."""
    if value in {"", "0", 0}:
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"(\[[0-9a-fA-F:]*\]|[^:]*):\d{1,5}", value):
        problem = "is not host:port; write it like :8080 or 127.0.0.1:8080"
        raise ValueError(problem)
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
Address = Annotated[str, BeforeValidator(_address)]
Count = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
Workers = Annotated[int, Field(ge=1, le=64)]
Email = Annotated[str, Field(pattern=r"^[^<>\s@]+@[^<>\s@]+$")]
PersonName = Annotated[str, Field(pattern=r"^[^<>\n\r]+$", min_length=1)]


def _help(text: str) -> dict[str, str]:
    """The one-line description of a setting, which --help and docs/settings.md show."""
    return {"help": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The Git repository that the manifests are written to."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    url: str = field(
        default="", metadata=_help("Where to push: a path, or an https, ssh or git@host:path URL.")
    )
    branch: str = field(default="main", metadata=_help("The branch to write to."))
    path: str = field(
        default="",
        metadata=_help("The folder in it that belongs to this cluster, e.g. clusters/prod."),
    )
    author_name: PersonName = field(
        default="sampledb-renderer", metadata=_help("The author's name on commits.")
    )
    author_email: Email = field(
        default="sampledb-renderer@users.noreply.sampledb.dev",
        metadata=_help("The author's e-mail."),
    )
    committer_name: str = field(
        default="", metadata=_help("The committer's name; empty = the author's.")
    )
    committer_email: str = field(
        default="", metadata=_help("The committer's e-mail; empty = the author's.")
    )
    username: str = field(
        default="git", metadata=_help("User name that goes with the HTTPS token.")
    )
    token_file: str = field(
        default="", metadata=_help("File that holds the HTTPS token or password.")
    )
    ca_file: str = field(
        default="", metadata=_help("CA bundle for a server with a certificate of your own.")
    )
    ssh_key_file: str = field(default="", metadata=_help("Private key for an SSH URL."))
    known_hosts_file: str = field(
        default="", metadata=_help("known_hosts for an SSH URL; host keys are always checked.")
    )
    signing_key_file: str = field(
        default="", metadata=_help("SSH key that signs the commits; empty = unsigned.")
    )
    commit: Literal["batch", "each"] = field(
        default="batch",
        metadata=_help("One commit for a whole push (batch), or one for each SampleDB (each)."),
    )
    cache: str = field(
        default="", metadata=_help("Folder for the bare clone; empty = a temporary one.")
    )
    timeout: Seconds = field(default=300.0, metadata=_help("Longest wait for one fetch or push."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How much one push may remove before a person is asked."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    removals: Count = field(
        default=10, metadata=_help("Most SampleDB folders that one push may remove.")
    )
    percent: Percent = field(
        default=20, metadata=_help("Most percent of all SampleDB folders that one push may remove.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Who applies what is committed, and how its objects are to look."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    tool: Literal["none", "argocd", "flux"] = field(
        default="none", metadata=_help("argocd, flux, or none (someone else applies the folder).")
    )
    namespace: str = field(
        default="", metadata=_help("Where its objects live; empty = argocd or flux-system.")
    )
    project: str = field(default="default", metadata=_help("Argo CD: the AppProject."))
    destination: str = field(
        default="https://kubernetes.default.svc",
        metadata=_help("Argo CD: the server (URL) or name of the target cluster."),
    )
    source_name: str = field(
        default="sampledb", metadata=_help("Flux: the name of the GitRepository.")
    )
    repository_url: str = field(
        default="", metadata=_help("The URL that it reads from; empty = repository.url.")
    )
    interval: Seconds = field(
        default=600.0, metadata=_help("Flux: how often the Kustomization is reconciled.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The cluster that the SampleDBs live in."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    name: str = field(
        default="", metadata=_help("A name for people; the fence itself uses the cluster's UID.")
    )
    kubeconfig: str = field(
        default="",
        metadata=_help("Kubeconfig file; empty = in-cluster, $KUBECONFIG, ~/.kube/config."),
    )
    context: str = field(
        default="", metadata=_help("Context of the kubeconfig; empty = its current one.")
    )
    namespace: str = field(default="", metadata=_help("Only this namespace; empty = all of them."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """How `sampledb run` works."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    workers: Workers = field(
        default=10, metadata=_help("SampleDBs that are looked at side by side.")
    )
    resync: Seconds = field(
        default=300.0, metadata=_help("How often every SampleDB is looked at without a change.")
    )
    fetch: Seconds = field(default=30.0, metadata=_help("How often the repository is fetched."))
    debounce: Seconds = field(
        default=0.2, metadata=_help("How long the first change waits for others to join its push.")
    )
    leader_election: bool = field(
        default=True, metadata=_help("Let only the holder of the Lease work.")
    )
    lease_name: str = field(default="sampledb-renderer", metadata=_help("Name of the Lease."))
    lease_namespace: str = field(
        default="", metadata=_help("Namespace of the Lease; empty = the Pod's own.")
    )
    metrics_address: Address = field(
        default=":8080", metadata=_help("Where /metrics listens; 0 = nowhere.")
    )
    health_address: Address = field(
        default=":8081", metadata=_help("Where /healthz and /readyz listen; 0 = nowhere.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    repository: Repository = field(default_factory=Repository)
    guard: Guard = field(default_factory=Guard)
    delivery: Delivery = field(default_factory=Delivery)
    cluster: Cluster = field(default_factory=Cluster)
    controller: Controller = field(default_factory=Controller)
    templates: str = field(
        default="",
        metadata=_help("Folder with template packs of your own; empty = the built-in ones."),
    )
    image: Annotated[str, Field(pattern=r"^[A-Za-z0-9][-A-Za-z0-9._/:@]*$")] = field(
        default=IMAGE,
        metadata=_help("This program's own image: Jobs run it that use an S3 store."),
    )
