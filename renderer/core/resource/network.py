"""The part of the model about who may connect, and how."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from renderer.core.layout import GROUP
from renderer.core.resource import fields
from renderer.core.resource.model import CONFIG, Broken, Checked, Rule


class ServiceType(StrEnum):
    """How the Service is published."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Service(Checked):
    """The Service that applications connect to."""

    type: ServiceType = ServiceType.CLUSTER_IP
    """How the Service is published."""
    port: fields.Port = 5432
    """Port of the Service."""
    annotations: fields.Annotations = Field(default_factory=dict)
    """Annotations of the Service, for example for a cloud's load balancer."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"!self.annotations.exists(k, k.startsWith('{GROUP}/'))",
            holds=lambda service: not any(k.startswith(f"{GROUP}/") for k in service.annotations),
            message=f"must not hold a key that begins with {GROUP}/: those are the controller's",
            field="annotations",
            remedy="remove the key",
        ),
    )


class Operator(StrEnum):
    """How a label selector's requirement compares."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Requirement(Checked):
    """One requirement of a label selector."""

    key: fields.Qualified
    """Label that is looked at."""
    operator: Operator
    """How it is compared with the values."""
    values: Annotated[tuple[fields.LabelValue, ...], Field(max_length=32)] = ()
    """Values for In and NotIn; empty for the others."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(self.operator in ['In', 'NotIn']) == (self.values.size() > 0)",
            holds=lambda one: (one.operator in {Operator.IN, Operator.NOT_IN}) == bool(one.values),
            message="must be given with In and NotIn, and only with them",
            field="values",
            remedy="add values, or use the operator Exists or DoesNotExist without any",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class LabelSelector:
    """Selects objects by their labels; an empty one selects all."""

    match_labels: fields.Labels = Field(default_factory=dict)
    """Labels that must be there with these values."""
    match_expressions: Annotated[tuple[Requirement, ...], Field(max_length=16)] = ()
    """Requirements that must all hold."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class IpBlock(Checked):
    """An address range."""

    cidr: fields.Cidr
    """The range, for example 10.0.0.0/8."""
    except_: Annotated[tuple[fields.Cidr, ...], Field(max_length=16)] = ()
    """Ranges inside it that are left out."""

    def extra(self) -> tuple[Broken, ...]:
        """Every range must be one, and the exceptions lie inside."""
        named = (("cidr", self.cidr), *((f"except[{i}]", r) for i, r in enumerate(self.except_)))
        wrong = tuple(
            Broken(
                message="must be an address range",
                field=field,
                value=value,
                remedy="write it with a prefix length and no host bits, for example 10.0.0.0/8",
            )
            for field, value in named
            if _network(value) is None
        )
        return wrong or tuple(
            Broken(
                message=f"must lie inside {self.cidr}",
                field=field,
                value=value,
                remedy="write a smaller range of it",
            )
            for field, value in named[1:]
            if not _inside(value, self.cidr)
        )


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _inside(inner: str, outer: str) -> bool:
    """Whether `inner` is a proper part of `outer`, as the NetworkPolicy API demands."""
    small, large = _network(inner), _network(outer)
    if isinstance(small, ipaddress.IPv4Network) and isinstance(large, ipaddress.IPv4Network):
        return small != large and small.subnet_of(large)
    if isinstance(small, ipaddress.IPv6Network) and isinstance(large, ipaddress.IPv6Network):
        return small != large and small.subnet_of(large)
    return False


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Peer(Checked):
    """Who may connect: Pods by selectors, or an address range; as in a NetworkPolicy."""

    pod_selector: LabelSelector | None = None
    """Pods, in the same namespace or in those of namespaceSelector."""
    namespace_selector: LabelSelector | None = None
    """Namespaces, all their Pods or those of podSelector."""
    ip_block: IpBlock | None = None
    """An address range; without the other two."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
            holds=lambda peer: (
                (peer.ip_block is not None)
                != (peer.pod_selector is not None or peer.namespace_selector is not None)
            ),
            message="must hold either ipBlock or a podSelector and/or a namespaceSelector",
            remedy="split it into two entries, or add the one that is meant",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class NetworkPolicy:
    """Who may connect to the server."""

    enabled: fields.Flag = True
    """Whether to render a NetworkPolicy; without one everybody may connect."""
    from_: Annotated[tuple[Peer, ...], Field(max_length=50)] = ()
    """Who may connect; empty for every Pod of the same namespace."""
