"""Real repositories for the tests of renderer.git."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from servers.git_bare import NOW, QUICK, Bare, make_bare

from renderer.git.remote import Remote
from renderer.git.repository import Repository, Ways


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return make_bare(tmp_path / "served" / "deploy.git")


@pytest.fixture
def opened(tmp_path: Path, bare: Bare) -> Iterator[Callable[..., Repository]]:
    """Open a repository, the local bare one by default; each cache name is a copy of its own."""
    with ExitStack() as stack:

        def open_(
            remote: Remote | None = None, *, cache: str = "cache", **ways: object
        ) -> Repository:
            remote = remote or Remote(url=str(bare.folder), limits=QUICK)
            made = Repository.open(
                remote,
                tmp_path / cache,
                Ways(**{"clock": lambda: NOW, **ways}),  # type: ignore[arg-type] # names of Ways
            )
            return stack.enter_context(made)

        yield open_
