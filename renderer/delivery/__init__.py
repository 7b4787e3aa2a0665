"""Argo CD and Flux: the object that hands a SampleDB over, and what it says afterwards."""

from renderer.delivery.handoff import Handoff, Tool, app, app_name
from renderer.delivery.reading import read

__all__ = ["Handoff", "Tool", "app", "app_name", "read"]
