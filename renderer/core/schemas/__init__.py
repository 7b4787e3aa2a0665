"""Validation of rendered objects against Kubernetes' own schema, and what it leaves out."""

from renderer.core.schemas.validation import KINDS, validate

__all__ = ["KINDS", "validate"]
