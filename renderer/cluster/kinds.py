"""The resources of the Kubernetes API that are read or written, and their paths."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from renderer.core import layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of the API, as its URL has it."""

    group: str
    """"" is the core group."""
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    metadata_only: bool = False
    """Ask for the metadata alone, where only labels and annotations are looked at:
    the content of 10,000 ConfigMaps with scripts never crosses the wire."""

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL's path; no namespace means every namespace (or a cluster-wide resource)."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(quote(part, safe="") for part in parts)


SAMPLEDBS = Resource(
    group=layout.GROUP, version=layout.VERSION, plural=layout.PLURAL, kind=layout.KIND
)
NAMESPACES = Resource(
    group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False
)
SECRETS = Resource(group="", version="v1", plural="secrets", kind="Secret")
EVENTS = Resource(group="", version="v1", plural="events", kind="Event")
LEASES = Resource(group="coordination.k8s.io", version="v1", plural="leases", kind="Lease")
PODS = Resource(group="", version="v1", plural="pods", kind="Pod")
APPLICATIONS = Resource(
    group="argoproj.io", version="v1alpha1", plural="applications", kind="Application"
)
KUSTOMIZATIONS = Resource(
    group="kustomize.toolkit.fluxcd.io",
    version="v1",
    plural="kustomizations",
    kind="Kustomization",
)

CHILDREN: tuple[Resource, ...] = (
    Resource(
        group="", version="v1", plural="serviceaccounts", kind="ServiceAccount", metadata_only=True
    ),
    Resource(group="", version="v1", plural="configmaps", kind="ConfigMap", metadata_only=True),
    Resource(group="", version="v1", plural="services", kind="Service", metadata_only=True),
    Resource(group="", version="v1", plural="persistentvolumeclaims", kind="PersistentVolumeClaim"),
    PODS,
    Resource(group="apps", version="v1", plural="statefulsets", kind="StatefulSet"),
    Resource(
        group="networking.k8s.io",
        version="v1",
        plural="networkpolicies",
        kind="NetworkPolicy",
        metadata_only=True,
    ),
    Resource(
        group="policy",
        version="v1",
        plural="poddisruptionbudgets",
        kind="PodDisruptionBudget",
        metadata_only=True,
    ),
    Resource(group="batch", version="v1", plural="jobs", kind="Job"),
    Resource(group="batch", version="v1", plural="cronjobs", kind="CronJob", metadata_only=True),
)
"""Everything that is rendered, and the Pods that come of it."""

VOLUME_SNAPSHOTS = Resource(
    group="snapshot.storage.k8s.io",
    version="v1",
    plural="volumesnapshots",
    kind="VolumeSnapshot",
)
"""Rendered too; not every cluster has them."""
