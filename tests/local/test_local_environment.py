"""What a process sees of its Pod: variables, files, addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Lab

Object = dict[str, Any]
MESSAGE = {"name": "RESULT", "value": "/dev/termination-log"}


def thing(name: str, **data: str) -> Object:
    return {"metadata": {"name": name, "namespace": "team-a"}, "data": data}


def test_the_environment_comes_from_every_source_and_paths_are_local(lab: Lab) -> None:
    lab.store.create("configmaps", thing("settings", A="1", B="2"))
    lab.store.create("configmaps", thing("files", **{"run.sh": "echo hello", "x.conf": "x"}))
    secret = {"metadata": {"name": "keys", "namespace": "team-a"}, "stringData": {"pw": "s3"}}
    lab.store.create("secrets", secret)
    env = [
        MESSAGE,
        {"name": "PLAIN", "value": "$(A)-$$(A)-$(NOPE)"},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "LISTEN_ADDRESSES", "value": "*"},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "pw"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "A"}}},
        {
            "name": "NOT",
            "valueFrom": {"secretKeyRef": {"name": "no", "key": "k", "optional": True}},
        },
        {"name": "DIR", "value": "/etc/files"},
        {"name": "FILE", "value": "/etc/files/sub/x.conf"},
        {"name": "NEAR", "value": "/etc/filesystem"},
        {"name": "ALL", "value": "/everything"},
    ]
    script = (
        'python=$(env | sort); printf "%s" "$python" > "$RESULT"; '
        'cat "$FILE" "$ALL/pw" "$ALL/run.sh"; stat -L -c %a "$FILE" "$ALL/pw"'
    )
    volumes: list[Object] = [
        {
            "name": "files",
            "configMap": {
                "name": "files",
                "defaultMode": 0o640,
                "items": [{"key": "x.conf", "path": "sub/x.conf"}],
            },
        },
        {
            "name": "all",
            "projected": {
                "defaultMode": 0o400,
                "sources": [
                    {"configMap": {"name": "files"}},
                    {"secret": {"name": "keys"}},
                    {"configMap": {"name": "absent", "optional": True}},
                ],
            },
        },
    ]
    container = {
        "env": env,
        "envFrom": [
            {"configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "keys"}, "prefix": "KEY_"},
            {"configMapRef": {"name": "absent", "optional": True}},
        ],
        "volumeMounts": [
            {"name": "files", "mountPath": "/etc/files"},
            {"name": "all", "mountPath": "/everything"},
        ],
    }
    lab.pod("one", script, container=container, volumes=volumes)
    message = lab.ended("one")["message"]
    seen = dict(line.split("=", 1) for line in message.splitlines())
    pod = lab.get("pods", "one")
    assert pod
    wanted = {
        "A": "1",
        "B": "1",
        "KEY_pw": "s3",
        "PLAIN": "1-$(A)-$(NOPE)",
        "NAME": "one",
        "IP": pod["status"]["podIP"],
        "LISTEN_ADDRESSES": pod["status"]["podIP"],
        "LABEL": "",
        "PW": "s3",
        "NEAR": "/etc/filesystem",
        "HOSTNAME": "one",
    }
    assert {name: seen.get(name) for name in wanted} == wanted
    assert "NOT" not in seen
    assert seen["DIR"].startswith(str(lab.node.logs.parent))
    assert seen["FILE"] == seen["DIR"] + "/sub/x.conf"
    assert "pginstall18/bin" in seen["PATH"].split(":")[0]
    assert lab.node.log("team-a", "one") == "xs3echo hello640\n400\n"


def test_service_names_become_the_address_of_the_pod_behind_them(lab: Lab) -> None:
    labels = {"app": "db"}
    service = {
        "metadata": {"name": "db", "namespace": "team-a"},
        "spec": {"selector": labels, "ports": [{"port": 5432}]},
    }
    lab.store.create("services", service)
    body = {
        "metadata": {"name": "db-0", "namespace": "team-a", "labels": labels},
        "spec": {
            "containers": [
                {"name": "m", "image": "postgres:18", "command": ["/bin/sleep", "60"]},
            ],
        },
    }
    lab.store.create("pods", body)
    address = lab.until_pod("db-0", lambda p: p["status"].get("podIP"))["status"]["podIP"]
    env = [
        MESSAGE,
        {"name": "A", "value": "db.team-a.svc"},
        {"name": "B", "value": "postgres://u@db.team-a.svc.cluster.local:5432/app"},
        {"name": "C", "value": "db-0.db.team-a.svc"},
        {"name": "D", "value": "none.team-a.svc"},
    ]
    script = 'printf \'["%s","%s","%s","%s"]\' "$A" "$B" "$C" "$D" > "$RESULT"'
    lab.pod("one", script, container={"env": env})
    assert json.loads(lab.ended("one")["message"]) == [
        address,
        f"postgres://u@{address}:5432/app",
        address,
        "none.team-a.svc",
    ]
