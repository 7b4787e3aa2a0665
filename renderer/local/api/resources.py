"""Which resources are served, and what the store has to know about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from renderer.local.api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

SELECTABLE = ("metadata.name", "metadata.namespace")
"""The fields that a field selector may name on every resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One served resource, in one version.

    `generation`: metadata.generation counts changes of the specification.
    `status`: there is a `/status` subresource, and other writes leave the status alone.
    `custom`: the CustomResourceDefinition behind it (None for a built-in).
    """

    version: str
    kind: str
    plural: str
    group: str = ""
    namespaced: bool = True
    generation: bool = False
    status: bool = False
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    singular: str = ""
    selectable: tuple[str, ...] = ()
    list_kind: str = ""
    custom: dict[str, Any] | None = field(default=None, hash=False, compare=False)

    @property
    def key(self) -> str:
        """`sampledbs.sampledb.dev`, `pods`: how errors and callers name a resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """`apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def collection_kind(self) -> str:
        """`PodList`."""
        return self.list_kind or f"{self.kind}List"

    @property
    def path(self) -> str:
        """`/apis/apps/v1`, `/api/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


class Registry:
    """The served resources by key; changes are whole-dict swaps, so readers need no lock."""

    def __init__(self, resources: tuple[ResourceType, ...]) -> None:
        """Serve these to begin with."""
        self._by_key = {resource.key: resource for resource in resources}

    def __iter__(self) -> Iterator[ResourceType]:
        """Every resource, in the order of registration."""
        return iter(tuple(self._by_key.values()))

    def __getitem__(self, resource: str | ResourceType) -> ResourceType:
        """By key (`pods`, `statefulsets.apps`); 404 as the server says it when unknown."""
        key = resource if isinstance(resource, str) else resource.key
        found = self._by_key.get(key)
        if found is None:
            message = "the server could not find the requested resource"
            raise ApiError(404, "NotFound", message, details={})
        return found

    def get(self, key: str) -> ResourceType | None:
        """By key, None when unknown."""
        return self._by_key.get(key)

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """The resource behind a URL's path."""
        key = f"{plural}.{group}" if group else plural
        found = self._by_key.get(key)
        return found if found is not None and found.version == version else None

    def of_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """The resource of a document (`apiVersion`, `kind`)."""
        for resource in self._by_key.values():
            if resource.kind == kind and resource.api_version == api_version:
                return resource
        return None

    def add(self, resource: ResourceType) -> None:
        """Serve this one from now on (replaces one of the same key)."""
        self._by_key = self._by_key | {resource.key: resource}

    def remove(self, key: str) -> None:
        """Serve it no longer."""
        self._by_key = {name: value for name, value in self._by_key.items() if name != key}


def _core(kind: str, plural: str, **more: Any) -> ResourceType:  # noqa: ANN401  # the fields of ResourceType
    return ResourceType(version="v1", kind=kind, plural=plural, **more)


def _grouped(group: str, version: str, kind: str, plural: str, **more: Any) -> ResourceType:  # noqa: ANN401  # the fields of ResourceType
    return ResourceType(group=group, version=version, kind=kind, plural=plural, **more)


_INVOLVED = tuple(
    f"involvedObject.{name}"
    for name in (
        "kind",
        "namespace",
        "name",
        "uid",
        "apiVersion",
        "resourceVersion",
        "fieldPath",
    )
)
_ALL = ("all",)
_RBAC = "rbac.authorization.k8s.io"

BUILT_IN: tuple[ResourceType, ...] = (
    _core(
        "Namespace",
        "namespaces",
        namespaced=False,
        status=True,
        short_names=("ns",),
        selectable=("status.phase",),
    ),
    _core(
        "Pod",
        "pods",
        status=True,
        short_names=("po",),
        categories=_ALL,
        selectable=(
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ),
    ),
    _core("Service", "services", status=True, short_names=("svc",), categories=_ALL),
    _core("ConfigMap", "configmaps", short_names=("cm",)),
    _core("Secret", "secrets", selectable=("type",)),
    _core("PersistentVolumeClaim", "persistentvolumeclaims", status=True, short_names=("pvc",)),
    _core(
        "PersistentVolume", "persistentvolumes", namespaced=False, status=True, short_names=("pv",)
    ),
    _core("ServiceAccount", "serviceaccounts", short_names=("sa",)),
    _core(
        "Event",
        "events",
        short_names=("ev",),
        selectable=(*_INVOLVED, "reason", "reportingComponent", "source", "type"),
    ),
    _core("Node", "nodes", namespaced=False, status=True, short_names=("no",)),
    _core("Endpoints", "endpoints", short_names=("ep",)),
    _grouped(
        "apps",
        "v1",
        "StatefulSet",
        "statefulsets",
        generation=True,
        status=True,
        short_names=("sts",),
        categories=_ALL,
    ),
    _grouped(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        generation=True,
        status=True,
        short_names=("deploy",),
        categories=_ALL,
    ),
    _grouped(
        "batch",
        "v1",
        "Job",
        "jobs",
        generation=True,
        status=True,
        categories=_ALL,
        selectable=("status.successful",),
    ),
    _grouped(
        "batch",
        "v1",
        "CronJob",
        "cronjobs",
        generation=True,
        status=True,
        short_names=("cj",),
        categories=_ALL,
    ),
    _grouped(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        generation=True,
        status=True,
        short_names=("pdb",),
    ),
    _grouped(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        generation=True,
        short_names=("netpol",),
    ),
    _grouped("coordination.k8s.io", "v1", "Lease", "leases"),
    _grouped(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        "storageclasses",
        namespaced=False,
        short_names=("sc",),
    ),
    _grouped(_RBAC, "v1", "Role", "roles"),
    _grouped(_RBAC, "v1", "RoleBinding", "rolebindings"),
    _grouped(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False),
    _grouped(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    _grouped(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        generation=True,
        status=True,
        short_names=("crd", "crds"),
        categories=("api-extensions",),
    ),
)

DELIVERY: tuple[ResourceType, ...] = (
    _grouped("argoproj.io", "v1alpha1", "Application", "applications", generation=True),
    _grouped(
        "kustomize.toolkit.fluxcd.io",
        "v1",
        "Kustomization",
        "kustomizations",
        generation=True,
        status=True,
        short_names=("ks",),
    ),
    _grouped(
        "source.toolkit.fluxcd.io",
        "v1",
        "GitRepository",
        "gitrepositories",
        generation=True,
        status=True,
        short_names=("gitrepo",),
    ),
)
"""What Argo CD and Flux install as custom resources, served here without a schema."""
