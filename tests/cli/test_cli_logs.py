"""`sampledb logs`, as a process, against a laptop cluster."""

from __future__ import annotations

import subprocess

from command_line import PROGRAM, Run, environment
from laptop_line import Line

from renderer.core.layout import NAME_LABEL, ROLE_LABEL, Key, Role

KEY = Key(namespace="team-a", name="orders")
NAME = str(KEY)


def test_the_log_of_the_server_and_of_a_job_are_shown(line: Line, process: Run) -> None:
    kubeconfig = ("--kubeconfig", line.laptop.kubeconfig)
    line.create(init={"sql": ["SELECT 1 / 0"]})
    with line.controller():
        line.until(lambda: line.holds("Stalled"), "Stalled")
        server = process("logs", NAME, *kubeconfig)
        last = process("logs", NAME, "--tail", "1", *kubeconfig)
        job = process("logs", NAME, "--job", *kubeconfig)
        followed = process("logs", NAME, "--job", "--follow", *kubeconfig)
    assert server.code == 0
    assert "database system is ready to accept connections" in server.out
    assert last.out.count("\n") == 1
    assert server.out.find(last.out) >= 0
    assert "division by zero" in job.out
    assert followed.out == job.out


def test_a_job_s_log_is_that_of_the_init_container_that_failed(line: Line, process: Run) -> None:
    def container(name: str, script: str) -> dict[str, object]:
        return {"name": name, "image": "postgres:18", "command": ["/bin/sh", "-c", script]}

    line.create(paused=True)
    pod = {
        "metadata": {
            "namespace": "team-a",
            "name": "orders-restore",
            "labels": {NAME_LABEL: "orders", ROLE_LABEL: Role.RESTORE.value},
        },
        "spec": {
            "restartPolicy": "Never",
            "initContainers": [container("fetch", "echo no such bucket; exit 65")],
            "containers": [container("job", "echo restored")],
        },
    }
    line.laptop.store.create("pods", pod)

    def phase() -> str:
        found = line.laptop.objects.get("pods", "team-a", "orders-restore") or {}
        return str((found.get("status") or {}).get("phase"))

    line.until(lambda: phase() == "Failed", "the Pod's end")
    shown = process("logs", NAME, "--job", "--kubeconfig", line.laptop.kubeconfig)
    assert (shown.code, shown.out) == (0, "no such bucket\n")


def test_a_log_is_followed_while_it_grows(line: Line) -> None:
    line.create()
    with line.controller():
        line.until(lambda: line.holds("Ready"), "Ready")
        following = subprocess.Popen(
            [
                *(PROGRAM, "logs", NAME, "--follow"),
                *("--kubeconfig", line.laptop.kubeconfig),
            ],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert following.stdout is not None
        try:
            for word in ("first", "second"):  # what is there already, and what comes then
                line.laptop.psql(KEY, f"DO $$BEGIN RAISE LOG 'the {word} word'; END$$")
                while f"LOG:  the {word} word" not in following.stdout.readline():
                    assert following.poll() is None
        finally:
            following.terminate()
            following.communicate(timeout=60)


def test_a_server_that_is_not_there_has_no_log(still: Line, sampledb: Run) -> None:
    still.create()
    kubeconfig = ("--kubeconfig", still.laptop.kubeconfig)
    ended = sampledb("logs", NAME, *kubeconfig)
    assert (ended.code, ended.out) == (2, "")
    assert "team-a/orders: the server's Pod isn't there" in ended.err
    assert "no Pod of a Job is there" in sampledb("logs", NAME, "--job", *kubeconfig).err
