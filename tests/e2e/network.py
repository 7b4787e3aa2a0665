"""The link between this machine and the node: one bridge, removed with the run."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from e2e.supervisor import Run, StartError

_MANY = 40
SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Addresses of one run; runs side by side differ by their index."""

    index: int

    @property
    def link(self) -> str:
        """The bridge on this machine; also the node's name and its cgroup."""
        return f"sdbe2e{self.index}"

    @property
    def host(self) -> str:
        """This machine, as the node and its Pods see it: servers for them listen here."""
        return f"10.{200 + self.index}.255.1"

    @property
    def node(self) -> str:
        return f"10.{200 + self.index}.255.2"

    @property
    def pods(self) -> str:
        return f"10.{200 + self.index}.0.0/17"


def ip(*arguments: str) -> None:
    """Run ip(8). Raises `CalledProcessError`."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def connect(run: Run) -> Network:
    """Take the first free index, and give this machine its address there."""
    for index in range(_MANY):
        network = Network(index=index)
        made = subprocess.run(
            ["ip", "link", "add", "name", network.link, "type", "bridge"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode == 0:
            run.note("links", network.link)
            ip("address", "add", f"{network.host}/24", "dev", network.link)
            ip("link", "set", network.link, "up")
            return network
        if "exists" not in made.stderr:
            msg = f"a link can't be made (the cluster needs root): {made.stderr.strip()}"
            raise StartError(msg)
    raise StartError("every link is taken: end other runs first")
