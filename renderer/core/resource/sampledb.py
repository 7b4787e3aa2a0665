"""One SampleDB: its identity in the cluster, and its spec."""

from __future__ import annotations

from dataclasses import dataclass

from renderer.core.layout import FINALIZER, Key
from renderer.core.resource.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDB:
    """A parsed SampleDB. Everything in it has been checked."""

    namespace: str
    name: str
    uid: str = ""
    """"" when it doesn't come from a cluster."""
    generation: int = 0
    """`metadata.generation`; 0 when it doesn't come from a cluster."""
    deleting: bool = False
    """Whether deletion has been asked for (`metadata.deletionTimestamp`)."""
    deleted_at: str = ""
    """When that was; "" when it wasn't."""
    finalizers: tuple[str, ...] = ()
    confirmed_restore: str = ""
    """The restore whose replaced volume may go: the annotation `CONFIRM_ANNOTATION`."""
    approved: str = ""
    """The step that may begin: the annotation `APPROVE_ANNOTATION`."""
    spec: Spec

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return Key(namespace=self.namespace, name=self.name)

    @property
    def guarded(self) -> bool:
        """Whether our finalizer is set, so that deletion waits for the final backup."""
        return FINALIZER in self.finalizers
