"""What an Application or a Kustomization says about one commit.

Facts from Argo CD 3.5 and Flux's kustomize-controller 1.9. What they say is shown
to people and explains a delay; proof that a child is applied is its stamp alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from renderer.core.observed import Delivery
from renderer.delivery import argocd, flux
from renderer.delivery.handoff import Tool, is_final

IsAncestor = Callable[[str, str], bool]
"""`is_ancestor(commit, of)`: True when `commit` is `of`, or before it."""


def read(
    tool: Tool, found: dict[str, Any] | None, commit: str, is_ancestor: IsAncestor
) -> Delivery:
    """How far the applier is with `commit`, the last one that changed the SampleDB.

    `found` is the Application or Kustomization, None when it isn't there (yet).
    """
    match tool:
        case Tool.NONE:
            return Delivery(tool=tool.value)
        case Tool.ARGOCD:
            said = argocd.read(found, commit, is_ancestor)
        case Tool.FLUX:
            said = flux.read(found, commit, is_ancestor)
    return replace(said, final=found is None or is_final(tool, found))
