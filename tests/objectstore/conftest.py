"""S3 servers to put backups into."""

from store_fixtures import folder, server, store

__all__ = ["folder", "server", "store"]
