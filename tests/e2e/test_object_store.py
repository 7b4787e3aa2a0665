"""The contract of a store, on versitygw: no cluster, only its process beside the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from e2e import builder
from servers.s3 import S3Server, serve
from store_contract import *  # noqa: F403 - each of its tests
from store_fixtures import folder, store

__all__ = ["folder", "server", "store"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve(tmp_path_factory.mktemp("s3"), builder.program("versitygw")) as running:
        yield running
