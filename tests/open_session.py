"""A client's session with a server that stays open and answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager


@contextmanager
def open_session(psql: Sequence[str], env: Mapping[str, str]) -> Iterator[Callable[[str], str]]:
    """Ask it for one value at a time; it must be there still when it is closed."""
    with subprocess.Popen(
        [*psql, "-XAtqw"],
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    ) as client:
        assert client.stdin
        assert client.stdout
        stdin, stdout = client.stdin, client.stdout

        def ask(sql: str) -> str:
            stdin.write(f"{sql};\n".encode())
            return stdout.readline().decode().strip()

        yield ask
        stdin.close()
        assert client.wait(timeout=10) == 0
