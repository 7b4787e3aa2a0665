"""The controller as a process, against an API server over HTTP and a bare repository."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from laptop_http import answer, port_of
from laptop_line import PATH, SAMPLEDB, Line

from renderer.core.layout import Key, directory

KEY = Key(namespace="team-a", name="orders")


def tip(line: Line, path: str) -> bytes | None:
    told = line.git.run("show", f"main:{path}")
    return told.out if told.ok else None


def commit_by_hand(line: Line, path: str, content: bytes | None) -> None:
    """Somebody edits (or removes) one file in a work tree of their own and pushes."""
    tree = line.laptop.folder / f"tree-{os.urandom(4).hex()}"
    run = ["git", "-c", "user.name=hand", "-c", "user.email=hand@example.com"]
    subprocess.run([*run, "clone", "-q", str(line.laptop.repository), str(tree)], check=True)
    file = tree / path
    if content is None:
        file.unlink()
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    subprocess.run([*run, "add", "-A"], check=True, cwd=tree)
    subprocess.run([*run, "commit", "-q", "-m", "by hand"], check=True, cwd=tree)
    subprocess.run([*run, "push", "-q"], check=True, cwd=tree)


def test_conditions_are_seen_false_before_they_are_true(line: Line) -> None:
    seen: dict[str, list[str]] = {}
    with line.controller():
        line.create()

        def ready() -> bool:
            status = (line.get() or {}).get("status") or {}
            for condition in status.get("conditions") or ():
                states = seen.setdefault(condition["type"], [])
                if not states or states[-1] != condition["status"]:
                    states.append(condition["status"])
            return line.holds("Ready")

        line.until(ready, "Ready")
    for kind in ("Rendered", "Committed", "Applied", "Initialized", "Ready"):
        assert seen[kind][0] == "False", kind
        assert seen[kind][-1] == "True", kind


def test_each_commit_is_told_in_one_event(line: Line) -> None:
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        subjects = line.subjects()
        events = line.laptop.objects.list("events")
        told = [str(event.get("message") or event.get("note")) for event in events]
    assert len(subjects) == 3
    for subject in subjects:
        assert len([words for words in told if subject in words]) == 1, told
    assert [words for words in told if "everything in Git is applied" in words], told


def test_a_ready_sampledb_tells_where_everything_is(line: Line) -> None:
    with line.controller():
        line.create()
        line.until(lambda: line.holds("Ready"), "Ready")
        status = (line.get() or {})["status"]
    assert status["phase"] == "Ready"
    assert status["git"]["branch"] == "main"
    assert status["git"]["path"] == directory(PATH, KEY)
    assert status["git"]["commit"] == line.git.run("rev-parse", "main").text
    assert status["endpoint"] == {
        "host": "orders.team-a.svc",
        "port": 5432,
        "database": "app",
        "secretName": "orders-credentials",
    }
    assert status["engineVersion"]["data"] == "18"
    assert [item["id"] for item in status["history"]] == ["provision-1"]


def test_what_render_prints_is_what_the_controller_commits(line: Line, tmp_path: Path) -> None:
    """Step Initialise is what `sampledb render` shows; every byte is equal."""
    source = tmp_path / "orders.yaml"
    source.write_text(
        "apiVersion: sampledb.dev/v1\nkind: SampleDB\n"
        "metadata: {namespace: team-a, name: orders}\n"
        'spec: {engine: postgresql, version: "18", storage: {size: 1Gi}}\n'
    )
    out = tmp_path / "out"
    subprocess.run(
        [SAMPLEDB, "render", str(source), "-o", str(out), "--path", PATH],
        check=True,
        capture_output=True,
    )
    with line.controller():
        line.create()
        line.until(lambda: len(line.subjects()) >= 3, "three commits")
    log = line.git.run("log", "--reverse", "--format=%H", "main").text.splitlines()
    rendered = {p.name: p.read_bytes() for p in (out / directory(PATH, KEY)).iterdir()}
    assert rendered
    committed = {
        name: line.git.run("show", f"{log[1]}:{directory(PATH, KEY)}/{name}").out
        for name in line.git.run(
            "ls-tree", "--name-only", f"{log[1]}:{directory(PATH, KEY)}"
        ).text.splitlines()
    }
    record = "record.yaml"
    assert {n: b for n, b in committed.items() if n != record} == {
        n: b for n, b in rendered.items() if n != record
    }
    # The record alone knows more: that the server was seen with data of version 18.
    assert b'"dataVersion": "18"' in committed[record]


def test_one_wrong_sampledb_is_told_and_the_others_go_on(still: Line) -> None:
    still.create("wrong", instances=3)
    still.create("right")
    with still.controller():
        still.until(lambda: still.subjects("right"), "the right one's commit")
        still.until(lambda: still.holds("Stalled", "wrong"), "Stalled")
    assert "spec.instances" in still.message("Stalled", "wrong")
    assert not still.subjects("wrong")
    events = [
        event
        for event in still.laptop.objects.list("events")
        if (event.get("involvedObject") or event.get("regarding"))["name"] == "wrong"
    ]
    assert any(event["type"] == "Warning" for event in events)


def test_an_edit_by_hand_is_put_back(still: Line) -> None:
    still.create()
    path = f"{directory(PATH, KEY)}/service.yaml"
    with still.controller("--fetch-interval", "0.3s"):
        still.until(lambda: tip(still, path), "the Service")
        before = tip(still, path)
        commit_by_hand(still, path, b"kind: Nonsense\n")
        still.until(lambda: tip(still, path) == before, "the Service as it was")
        foreign = f"{directory(PATH, KEY)}/foreign.yaml"
        commit_by_hand(still, foreign, b"kind: Foreign\n")
        still.until(lambda: tip(still, foreign) is None, "the foreign file gone")


def test_files_elsewhere_in_the_repository_are_never_touched(still: Line) -> None:
    still.create()
    with still.controller("--fetch-interval", "0.3s"):
        still.until(still.subjects, "the first commit")
        commit_by_hand(still, "other/team/values.yaml", b"mine: true\n")
        still.edit(lambda db: db["spec"].update(parameters={"work_mem": "8MB"}))
        still.until(lambda: len(still.subjects()) >= 2, "the second commit")
    assert tip(still, "other/team/values.yaml") == b"mine: true\n"


def test_a_repository_that_refuses_is_told_on_the_resource_and_tried_again(still: Line) -> None:
    hook = still.protect()
    still.create()
    with still.controller():
        still.until(lambda: "protected" in still.message("Committed"), "the refusal")
        assert not still.subjects()
        hook.unlink()
        still.until(still.subjects, "the commit")
        still.until(lambda: still.holds("Committed"), "Committed")


def test_a_broken_record_stops_its_sampledb_only(still: Line) -> None:
    still.create()
    still.create("other")
    path = f"{directory(PATH, KEY)}/record.yaml"
    with still.controller("--fetch-interval", "0.3s"):
        still.until(lambda: tip(still, path) and still.subjects("other"), "both commits")
        commit_by_hand(still, path, b"kind: ConfigMap\n")
        still.until(lambda: "record.yaml" in still.message("Stalled"), "Stalled")
        still.edit(lambda db: db["spec"].update(parameters={"work_mem": "8MB"}), "other")
        still.until(lambda: len(still.subjects("other")) >= 2, "the other one's commit")
    assert tip(still, path) == b"kind: ConfigMap\n"


def test_probes_and_metrics_answer_and_sigterm_ends_cleanly(still: Line) -> None:
    still.create()
    with still.controller() as process:
        port = port_of(still)
        still.until(lambda: answer(port, "/readyz")[0] == 200, "readiness")
        assert answer(port, "/healthz") == (200, "ok\n")
        still.until(lambda: still.holds("Committed"), "Committed")
        metrics = answer(port, "/metrics")[1]
        assert 'sampledb_changes_total{outcome="committed"} 1.0' in metrics
        assert "sampledb_leader 1.0" in metrics
        assert answer(port, "/nonsense")[0] == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_controller_without_its_repository_is_alive_but_not_ready(still: Line) -> None:
    with still.controller(repository="/nonexistent/deploy.git") as process:
        port = port_of(still)
        still.until(lambda: "isn't open" in answer(port, "/readyz")[1], "the reason")
        assert answer(port, "/readyz")[0] == 503
        assert answer(port, "/healthz")[0] == 200
        assert process.poll() is None


def test_two_controllers_share_one_lease_and_the_second_takes_over(still: Line) -> None:
    elect = ("--leader-elect", "--lease-namespace", "team-a")
    with still.controller(*elect) as first:
        still.create()
        still.until(still.subjects, "the first commit")
        with still.controller(*elect) as second:
            first.send_signal(signal.SIGTERM)
            assert first.wait(60) == 0
            still.create("second")
            still.until(lambda: still.subjects("second"), "the second controller's commit")
            assert second.poll() is None


def test_a_foreign_owner_of_the_path_is_refused(still: Line) -> None:
    owner = b'cluster: "another"\nshard: ""\nversion: ""\n'
    commit_by_hand(still, f"{PATH}/.sampledb-owner.yaml", owner)
    still.create()
    with still.controller() as process:
        still.until(lambda: "another" in still.log(), "the refusal in the log")
        assert process.poll() is None
    assert not still.subjects()


def test_applications_are_rendered_for_argo_cd(still: Line) -> None:
    still.create()
    more = ("--delivery", "argocd", "--delivery-repository", "https://git.example.com/deploy.git")
    with still.controller(*more):
        found = still.until(lambda: tip(still, f"{PATH}/apps/team-a.orders.yaml"), "apps/")
    assert b'kind: "Application"' in found
    assert b'path: "clusters/test/databases/team-a/orders"' in found
