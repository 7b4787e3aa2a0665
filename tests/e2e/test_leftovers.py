"""Nothing outlives what began it: programs of images, containers, whole clusters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e import builder, leftovers
from e2e import cluster as whole
from e2e.appliers.kubectl import Kubectl
from e2e.images.unpacked import Unpacked
from e2e.pods import restricted_pod, strict_namespace
from e2e.supervisor import Run, folder_of

_HOPS = """
import os, time
print("begun", flush=True)
while not os.fork():
    os.setsid()
    time.sleep(0.01)
"""
"""Each process begins another one, in a session of its own, and ends."""
_CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """One of the names that nodes have; where the kernel has version 1, it can be frozen."""
    above = next(each for each in (_CGROUPS / "freezer", _CGROUPS) if each.is_dir())
    made = above / "sdbe2e-leftovers"
    made.mkdir()
    yield made
    if made.exists():
        made.rmdir()


def test_a_program_of_an_image_ends_with_the_command_that_began_it() -> None:
    root = Unpacked(root=Path("/"), config={"Env": ["PATH=/usr/bin:/bin"]})
    command = root.command(("sh", "-c", "echo $$; sleep 600"), user=999, mounts={})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as begun:
        assert begun.stdout is not None
        assert begun.stdout.readline() == "1\n"  # the first of its namespace, as in a container
        begun.kill()
        assert begun.communicate(timeout=10) == ("", None)  # whoever lives has it open


def test_a_program_of_an_image_ends_when_the_process_that_began_it_is_killed() -> None:
    root = Unpacked(root=Path("/"), config={"Env": ["PATH=/usr/bin:/bin"]})
    command = root.command(("sh", "-c", "echo begun; sleep 600"), user=999, mounts={})
    begin = f"import subprocess; subprocess.run({command!r})"
    with subprocess.Popen(
        [sys.executable, "-c", begin], stdout=subprocess.PIPE, text=True
    ) as between:
        assert between.stdout is not None
        assert between.stdout.readline() == "begun\n"
        between.kill()
        assert between.communicate(timeout=10) == ("", None)


def test_processes_of_a_nodes_cgroup_end_although_each_begins_another(
    cgroup: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    leftovers.note(folder, "cgroups", cgroup.name)
    enter = f'echo $$ > {cgroup}/cgroup.procs && exec "$@"'
    command = ["sh", "-c", enter, "sh", sys.executable, "-c", _HOPS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as begun:
        assert begun.stdout is not None
        assert begun.stdout.readline() == "begun\n"
        if (cgroup / "freezer.state").exists():
            (cgroup / "freezer.state").write_text("FROZEN")
        leftovers.clear(folder)
        assert begun.communicate(timeout=10) == ("", None)
    assert not cgroup.exists()
    assert not folder.exists()


def test_containers_that_begin_while_their_cluster_ends_end_with_it() -> None:
    run = Run(folder_of("ending"))
    try:
        made = whole.start(run)
        kubectl = Kubectl(kubeconfig=made.plane.kubeconfig, program=str(builder.program("kubectl")))
        space = strict_namespace(kubectl, "ending")
        kubectl.apply(*(restricted_pod(f"pod-{n}", space, "sleep 600") for n in range(8)))
        while not (found := _of(made.network.link)):
            assert made.node.run("true") == ""
    finally:
        run.stop()
    assert found
    assert _of(made.network.link) == []
    assert not list(_CGROUPS.glob(f"*/{made.network.link}"))


def _of(node: str) -> list[str]:
    """The processes in a node's cgroups."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            said = entry.read_text()
        except OSError:
            continue  # it has ended
        found += [said] if f"/{node}/" in said else []
    return found
