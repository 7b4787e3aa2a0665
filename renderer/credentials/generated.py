"""The Secret of `credentials.source: Generated`: made once, never read back, never printed."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from renderer.core import layout
from renderer.core.errors import invalid
from renderer.core.resource import SampleDB

PASSWORD_LENGTH = 40
_ALPHABET = string.ascii_letters + string.digits
"""Means the same in a URI, a shell, a connection string and a .pgpass file; 40 of 62
characters are 238 bits."""

Choose = Callable[[str], str]
"""Picks one character of a string; `secrets.choice` where it matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A Secret that isn't in the cluster yet. Its values are never shown by `repr`."""

    namespace: str
    name: str
    manifest: dict[str, Any] = field(repr=False)
    """The whole Secret, for the API server's create and for nothing else."""


def generate(db: SampleDB, name: str = "", *, choose: Choose = secrets.choice) -> Credentials:
    """New passwords for the owner and the superuser, with all that an application needs.

    `name` is the Secret's, where it isn't the usual one. The keys are those of the Service
    Binding specification, and `postgres-password`. The SampleDB owns the Secret: it is
    garbage-collected after it, unless the volume is to be kept, which it is the key to.
    Raises `InvalidError` for a SampleDB that doesn't come from a cluster.
    """
    if not db.uid:
        raise invalid(
            "credentials can be generated only for a SampleDB in a cluster",
            field="metadata.uid",
            remedy="use credentials.source: Existing, or let the controller create it",
        )
    init, names = (
        db.spec.init,
        layout.names(db.name, credentials=name or db.spec.credentials.secret_name),
    )
    host, port = f"{names.server}.{db.namespace}.svc", str(db.spec.service.port)
    password = _password(choose)
    account = f"{quote(init.owner, safe='')}:{password}"
    address = f"{host}:{port}/{quote(init.database, safe='')}"
    return Credentials(
        namespace=db.namespace,
        name=names.credentials,
        manifest={
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _metadata(db, names.credentials),
            "type": "Opaque",
            "stringData": {
                "type": db.spec.engine,
                "host": host,
                "port": port,
                "database": init.database,
                "username": init.owner,
                "password": password,
                "uri": f"{db.spec.engine}://{account}@{address}",
                "postgres-password": _password(choose),
            },
        },
    )


def _password(choose: Choose) -> str:
    return "".join(choose(_ALPHABET) for _ in range(PASSWORD_LENGTH))


def _metadata(db: SampleDB, name: str) -> dict[str, Any]:
    owner = {
        "apiVersion": layout.API_VERSION,
        "kind": layout.KIND,
        "name": db.name,
        "uid": db.uid,
    }
    retained = db.spec.deletion.policy == "Retain"
    return {
        "namespace": db.namespace,
        "name": name,
        "labels": {
            "app.kubernetes.io/name": db.spec.engine,
            "app.kubernetes.io/instance": db.name,
            layout.MANAGED_BY_LABEL: layout.MANAGED_BY,
            layout.NAME_LABEL: db.name,
        },
        **({} if retained else {"ownerReferences": [owner]}),
    }
