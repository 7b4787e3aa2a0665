"""Claims on the real cluster: made, grown, snapshotted, filled from each other, removed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from e2e import builder
from e2e.appliers.kubectl import Kubectl, Object
from e2e.pods import USER, finished, last_words, restricted_pod, strict_namespace
from e2e.storage import Storage
from e2e.supervisor import Run

pytestmark = pytest.mark.usefixtures("storage")
SPACE = "claims"
READ = "cat /data/words > /dev/termination-log"


@pytest.fixture(scope="module", autouse=True)
def _space(kubectl: Kubectl) -> None:
    strict_namespace(kubectl, SPACE)


def test_what_a_pod_writes_to_a_new_claim_another_pod_reads(
    kubectl: Kubectl, storage: Storage
) -> None:
    kubectl.apply(claim("kept"))

    assert said(kubectl, "kept", "writer", "echo first > /data/words") == ""
    assert said(kubectl, "kept", "reader", READ) == "first\n"
    written = storage.volume(handle(kubectl, "kept")) / "words"
    assert (written.stat().st_uid, written.stat().st_gid) == (USER, USER)


def test_a_claim_grows_under_a_running_pod(kubectl: Kubectl) -> None:
    kubectl.apply(claim("small"), restricted_pod("holder", SPACE, "sleep 600", "small"))
    wait(kubectl, "pod/holder", "{.status.phase}=Running")
    assert seen(kubectl, "small")["status"]["capacity"] == {"storage": "1Gi"}

    larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    kubectl.patch("pvc", "small", SPACE, larger)

    wait(kubectl, "pvc/small", "{.status.capacity.storage}=2Gi")
    assert "conditions" not in seen(kubectl, "small")["status"]
    kubectl.run("delete", "pod", "-n", SPACE, "holder")


def test_a_snapshot_keeps_what_was_there_and_a_clone_gets_what_is(kubectl: Kubectl) -> None:
    kubectl.apply(claim("source"))
    said(kubectl, "source", "before", "echo before > /data/words")
    kubectl.apply(snapshot("moment", "source"))
    wait(kubectl, "volumesnapshot/moment", "{.status.readyToUse}=true")
    said(kubectl, "source", "after", "echo after > /data/words")

    group = "snapshot.storage.k8s.io"
    kubectl.apply(
        claim("restored", {"apiGroup": group, "kind": "VolumeSnapshot", "name": "moment"}),
        claim("cloned", {"kind": "PersistentVolumeClaim", "name": "source"}),
    )

    kubectl.apply(
        restricted_pod("of-snapshot", SPACE, READ, "restored"),
        restricted_pod("of-clone", SPACE, READ, "cloned"),
    )
    assert words(kubectl, "of-snapshot") == "before\n"
    assert words(kubectl, "of-clone") == "after\n"


def test_a_snapshot_is_of_one_moment_however_busily_a_pod_writes(
    kubectl: Kubectl, storage: Storage
) -> None:
    numbers = [str(number) for number in range(40)]
    bulk = "busybox head -c 1000000 /dev/zero > /data/bulk-$file"  # so that a copy takes a while
    script = (
        f"files='{' '.join(numbers)}'; for file in $files; do {bulk}; done; round=0; "
        "while true; do for file in $files; do echo $round >> /data/$file; done; "
        "round=$((round + 1)); done"
    )
    kubectl.apply(claim("busy"), restricted_pod("writer-of-many", SPACE, script, "busy"))
    wait(kubectl, "pod/writer-of-many", "{.status.phase}=Running")
    written = "until test -s /data/39; do sleep 0.1; done"
    inside = ("busybox", "timeout", "60", "sh", "-c", written)
    kubectl.run("exec", "-n", SPACE, "writer-of-many", "--", *inside)

    kubectl.apply(snapshot("still", "busy"))
    wait(kubectl, "volumesnapshot/still", "{.status.readyToUse}=true")
    kubectl.run("delete", "pod", "-n", SPACE, "writer-of-many")

    content = kubectl.run("get", "volumesnapshotcontent", "-o", "json")
    kept = storage.snapshot(content_handle(json.loads(content)["items"], "still"))
    last = [int((kept / name).read_text().split()[-1]) for name in numbers]
    assert max(last) - min(last) <= 1


def test_a_deleted_claim_takes_its_directory_with_it(kubectl: Kubectl, storage: Storage) -> None:
    kubectl.apply(claim("doomed"))
    said(kubectl, "doomed", "last", "touch /data/words")
    directory = storage.volume(handle(kubectl, "doomed"))
    assert (directory / "words").exists()

    volume = seen(kubectl, "doomed")["spec"]["volumeName"]
    kubectl.run("delete", "-n", SPACE, "pod/last", "pvc/doomed")
    kubectl.run("wait", "--for=delete", f"pv/{volume}", "--timeout=60s")

    assert not directory.parent.exists()


def test_the_driver_keeps_the_container_storage_interface(run: Run, tmp_path: Path) -> None:
    socket = tmp_path / "csi.sock"
    command = [str(builder.program("csi")), f"--folder={tmp_path / 'csi'}", f"--socket={socket}"]
    driver = run.start(
        "csi-sanity", ["unshare", "--mount", *command, "--node=one"], ready=socket.exists
    )
    suite = [
        str(builder.program("csi-sanity")),
        f"--csi.endpoint={socket}",
        f"--csi.mountdir={tmp_path / 'mount'}",
        f"--csi.stagingdir={tmp_path / 'staging'}",
    ]
    try:
        done = subprocess.run(suite, capture_output=True, text=True, check=False)
    finally:
        driver.stop()

    assert done.returncode == 0, done.stdout + done.stderr


def claim(name: str, source: Object | None = None) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    filled = {"dataSource": source} if source else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {**spec, **filled},
    }


def snapshot(name: str, source: str) -> Object:
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {"source": {"persistentVolumeClaimName": source}},
    }


def said(kubectl: Kubectl, at: str, pod: str, script: str) -> str:
    """The last words of a Pod that ran a script on a claim."""
    kubectl.apply(restricted_pod(pod, SPACE, script, at))
    return words(kubectl, pod)


def words(kubectl: Kubectl, pod: str) -> str:
    phase, message = last_words(finished(kubectl, pod, SPACE))
    assert phase == "Succeeded", message
    return message


def seen(kubectl: Kubectl, name: str) -> Object:
    found = kubectl.get("pvc", name, SPACE)
    assert found is not None
    return found


def handle(kubectl: Kubectl, name: str) -> str:
    """What the driver calls the volume of a claim."""
    volume = kubectl.get("pv", seen(kubectl, name)["spec"]["volumeName"])
    assert volume is not None
    return str(volume["spec"]["csi"]["volumeHandle"])


def content_handle(contents: list[Object], name: str) -> str:
    """What the driver calls a VolumeSnapshot."""
    (one,) = (each for each in contents if each["spec"]["volumeSnapshotRef"]["name"] == name)
    return str(one["status"]["snapshotHandle"])


def wait(kubectl: Kubectl, what: str, path: str) -> None:
    kubectl.run("wait", "-n", SPACE, what, f"--for=jsonpath={path}", "--timeout=120s")
