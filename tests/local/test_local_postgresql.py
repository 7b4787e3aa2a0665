"""Real PostgreSQL servers through hand-written manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Lab

Object = dict[str, Any]
IMAGE = "docker.io/library/postgres:18.4"
START = """set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --auth=trust --no-sync --encoding=UTF8 --locale=C >/dev/null
  echo "host all all all trust" >> "$PGDATA/pg_hba.conf"
fi
exec postgres -c listen_addresses="$LISTEN_ADDRESSES" -c unix_socket_directories="$PGSOCKETDIR" \
  -c fsync=off -c shared_buffers=16MB -c max_connections="$CONNECTIONS"
"""


def config(name: str, **data: str) -> Object:
    return {"metadata": {"name": name, "namespace": "team-a"}, "data": data}


def claim(name: str) -> Object:
    return {
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def server(name: str = "orders", *, connections: str = "20") -> Object:
    labels = {"sampledb.dev/name": name}
    container = {
        "name": "postgresql",
        "image": IMAGE,
        "command": ["/bin/sh", "/etc/sampledb/start.sh"],
        "env": [
            {"name": "PGDATA", "value": "/var/lib/postgresql/18/docker"},
            {"name": "PGSOCKETDIR", "value": "/var/run/postgresql"},
            {"name": "LISTEN_ADDRESSES", "value": "*"},
            {"name": "CONNECTIONS", "value": connections},
        ],
        "readinessProbe": {
            "exec": {"command": ["/bin/sh", "-c", 'exec pg_isready -q -h "$PGSOCKETDIR"']},
            "periodSeconds": 5,
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/postgresql"},
            {"name": "run", "mountPath": "/var/run/postgresql"},
            {"name": "config", "mountPath": "/etc/sampledb"},
        ],
    }
    return {
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {
            "serviceName": name,
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container],
                    "volumes": [
                        {"name": "run", "emptyDir": {}},
                        {"name": "config", "configMap": {"name": f"{name}-config"}},
                    ],
                },
            },
            "volumeClaimTemplates": [
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": "data"},
                    "spec": claim("data")["spec"],
                }
            ],
        },
    }


def service(name: str = "orders") -> Object:
    return {
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {"selector": {"sampledb.dev/name": name}, "ports": [{"port": 5432}]},
    }


def client(name: str, sql: str) -> Object:
    container = {
        "name": "psql",
        "image": IMAGE,
        "command": ["/bin/sh", "-c", 'psql -v ON_ERROR_STOP=1 -AtXc "$SQL" > "$RESULT"'],
        "env": [
            {"name": "PGHOST", "value": "orders.team-a.svc.cluster.local"},
            {"name": "PGUSER", "value": "postgres"},
            {"name": "SQL", "value": sql},
            {"name": "RESULT", "value": "/dev/termination-log"},
        ],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    return {
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {
            "backoffLimit": 2,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


def is_ready(pod: Object) -> bool:
    return any(
        entry["type"] == "Ready" and entry["status"] == "True"
        for entry in pod["status"].get("conditions", ())
    )


def ask(lab: Lab, name: str, sql: str) -> str:
    """Run SQL by a Job and give its answer."""
    lab.store.create("jobs.batch", client(name, sql))
    lab.until(lambda: _complete(lab, name))
    pods = lab.store.list("pods", "team-a", label_selector=f"job-name={name}").items
    message: str = pods[-1]["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    return message.strip()


def _complete(lab: Lab, name: str) -> bool:
    job = lab.get("jobs.batch", name) or {}
    return any(entry["type"] == "Complete" for entry in job.get("status", {}).get("conditions", ()))


def test_a_stateful_set_serves_keeps_its_data_and_takes_up_a_new_template(lab: Lab) -> None:
    lab.store.create("configmaps", config("orders-config", **{"start.sh": START}))
    lab.store.create("services", service())
    lab.store.create("persistentvolumeclaims", claim("data-orders-0"))
    lab.store.create("statefulsets.apps", server())
    first = lab.until_pod("orders-0", is_ready)
    assert ask(lab, "make", "CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept").endswith("7")
    assert ask(lab, "limit", "SHOW max_connections") == "20"
    owner = lab.until(
        lambda: (
            (o := lab.get("statefulsets.apps", "orders"))
            and o["status"].get("readyReplicas") == 1
            and o
        )
    )
    assert owner["status"]["currentRevision"] == owner["status"]["updateRevision"]

    new = server(connections="31")
    lab.store.update("statefulsets.apps", {**owner, "spec": new["spec"]})
    second = lab.until_pod(
        "orders-0", lambda p: is_ready(p) and p["metadata"]["uid"] != first["metadata"]["uid"]
    )
    assert second["status"]["podIP"] == first["status"]["podIP"]
    assert ask(lab, "limit2", "SHOW max_connections") == "31"
    assert ask(lab, "data", "SELECT n FROM kept") == "7"
    log = lab.node.log("team-a", "orders-0")
    assert "received fast shutdown request" in log
    assert "database system was not properly shut down" not in log

    lab.store.delete("persistentvolumeclaims", "data-orders-0", "team-a")
    lab.until(
        lambda: lab.get("persistentvolumeclaims", "data-orders-0")["metadata"].get(
            "deletionTimestamp"
        )
    )
    live = lab.get("statefulsets.apps", "orders")
    assert live
    live["spec"]["replicas"] = 0
    lab.store.update("statefulsets.apps", live)
    lab.until(lambda: lab.get("pods", "orders-0") is None)
    lab.until(lambda: lab.get("persistentvolumeclaims", "data-orders-0") is None)
    lab.until(lambda: not list((lab.node.logs.parent / "c").iterdir()))
