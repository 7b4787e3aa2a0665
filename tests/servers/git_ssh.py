"""A Git server over SSH in this process: real keys, real host key, git's own programs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

_BLOCK = 1 << 16
_COMMANDS = frozenset({"git-upload-pack", "git-receive-pack"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SshGitServer:
    """A running server of the bare repositories below `root`, and a client's files for it."""

    root: Path
    port: int
    key: Path
    """The private key that is let in."""
    stranger: Path
    """A private key that isn't."""
    known_hosts: Path
    wrong_hosts: Path
    """A known_hosts file that names another key for the same server."""

    def address(self, name: str) -> str:
        """The ssh:// address of the repository `name`."""
        return f"ssh://git@127.0.0.1:{self.port}{self.root}/{name}"


async def _serve_git(process: asyncssh.SSHServerProcess[bytes]) -> None:
    words = shlex.split(process.command or "")
    if len(words) != 2 or words[0] not in _COMMANDS:
        process.stderr.write(b"only git is served here\n")
        process.exit(1)
        return
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    if "GIT_PROTOCOL" in process.env:
        env["GIT_PROTOCOL"] = process.env["GIT_PROTOCOL"]
    child = await asyncio.create_subprocess_exec(
        "git",
        words[0].removeprefix("git-"),
        words[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    feed = asyncio.create_task(_feed(process.stdin, child.stdin))
    await asyncio.gather(_drain(child.stdout, process.stdout), _drain(child.stderr, process.stderr))
    status = await child.wait()
    feed.cancel()
    process.exit(status)
    await process.wait_closed()


async def _drain(source: asyncio.StreamReader | None, to: asyncssh.SSHWriter[bytes]) -> None:
    while source and (block := await source.read(_BLOCK)):
        to.write(block)
        await to.drain()


async def _feed(source: asyncssh.SSHReader[bytes], to: asyncio.StreamWriter | None) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while to and (block := await source.read(_BLOCK)):
            to.write(block)
            await to.drain()
    if to:
        to.close()


@contextmanager
def git_ssh(root: Path, folder: Path, listen: str = "127.0.0.1") -> Iterator[SshGitServer]:
    """Serve the bare repositories below `root`; keys and known_hosts are made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    host, client, stranger, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(4))
    for name, key in (("key", client), ("stranger", stranger)):
        key.write_private_key(folder / name)
        (folder / name).chmod(0o600)
    authorized = asyncssh.import_authorized_keys(client.export_public_key().decode())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            listen,
            0,
            server_host_keys=[host],
            authorized_client_keys=authorized,
            process_factory=_serve_git,
            encoding=None,
        )

    async def stop(server: asyncssh.SSHAcceptor) -> None:
        server.close()
        await server.wait_closed()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=5)  # the last client's clearing up

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        port = server.get_port()
        for name, key in (("known_hosts", host), ("wrong_hosts", other)):
            public = key.export_public_key().decode().strip()
            (folder / name).write_text(f"[{listen}]:{port} {public}\n")
        yield SshGitServer(
            root=root,
            port=port,
            key=folder / "key",
            stranger=folder / "stranger",
            known_hosts=folder / "known_hosts",
            wrong_hosts=folder / "wrong_hosts",
        )
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
