"""Credentials that are generated in the cluster, and never in Git."""

from renderer.credentials.generated import Credentials, generate

__all__ = ["Credentials", "generate"]
