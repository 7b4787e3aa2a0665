"""Configuration: one frozen value from a YAML file, the environment and flags.

Flags win over the environment, the environment over the file, the file over
the defaults. Secrets are named by the path of their file, never given as a
value. Every error says where the value came from, which key, what was found
and what to write instead.
"""

from renderer.settings.fields import (
    Cluster,
    Controller,
    Delivery,
    Guard,
    Repository,
    Settings,
)
from renderer.settings.loading import Entry, entries, load

__all__ = [
    "Cluster",
    "Controller",
    "Delivery",
    "Entry",
    "Guard",
    "Repository",
    "Settings",
    "entries",
    "load",
]
