"""Laptop clusters to run the controller against."""

from laptop_fixtures import line, still

__all__ = ["line", "still"]
