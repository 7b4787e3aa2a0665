"""What the pure cluster's server has read of its configuration, at its start and since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from renderer.core.configuration import Configuration

if TYPE_CHECKING:
    from pure_cluster import PureCluster

AT_START = "max_connections"
"""The parameter that is read at a start only."""
LAGS = "the changed ConfigMap has not come to the server's container within 180 s"


@dataclass
class Memory:
    """What was read at the start, and last."""

    started: Configuration | None = None
    read: Configuration | None = None
    comes: bool = True
    """False while the kubelet doesn't bring a changed ConfigMap to a container that runs."""
    told: bool = True
    """False while the server doesn't say beforehand that a parameter needs a restart."""

    def follow(self, cluster: PureCluster, pod: str) -> None:
        """A new Pod reads everything; one that runs what was reloaded, when it comes."""
        if pod != cluster.pod:
            self.started = self.read = cluster.live_configuration
        elif pod and self.comes:
            self.read = cluster.live_configuration

    def pending(self, wanted: Configuration | None) -> list[str]:
        """What only a restart would put in force of `wanted`."""
        before = self.started.parameters.get(AT_START) if self.started else None
        after = wanted.parameters.get(AT_START) if wanted else None
        return [] if before == after else [AT_START]

    def checked(self, cluster: PureCluster) -> Mapping[str, object]:
        """What the running server says of a configuration that is only tried."""
        if not cluster.pod or cluster.complaint:
            return {}
        return {"restart": self.pending(cluster.live_asked) if self.told else []}

    def reloaded(self, cluster: PureCluster) -> Mapping[str, object] | str:
        """What the Job of a reload tells."""
        if not self.comes and self.read != cluster.live_configuration:
            return LAGS
        self.read = cluster.live_configuration
        return {"version": "18.4", "restart": self.pending(self.read)}


def wrong(configuration: Configuration | None) -> bool:
    """Whether a server would refuse it."""
    return configuration is not None and "max_conections" in configuration.parameters
