"""Generated credentials."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from renderer.core.errors import InvalidError
from renderer.core.resource import SampleDB, parse
from renderer.core.resource.operations import Deletion, DeletionPolicy
from renderer.credentials import generate


def sampledb(uid: str = "u-1", secret: str = "") -> SampleDB:
    metadata = {"namespace": "team-a", "name": "orders"} | ({"uid": uid} if uid else {})
    return parse(
        {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": metadata,
            "spec": {
                "engine": "postgresql",
                "version": "18",
                "storage": {"size": "10Gi"},
                "init": {"database": "shop", "owner": "shopkeeper"},
                "credentials": {"secretName": secret},
            },
        }
    )


def test_the_secret_has_all_that_an_application_needs() -> None:
    secret = generate(sampledb(), choose=lambda alphabet: alphabet[0]).manifest
    data = secret["stringData"]
    password = "a" * 40
    assert data == {
        "type": "postgresql",
        "host": "orders.team-a.svc",
        "port": "5432",
        "database": "shop",
        "username": "shopkeeper",
        "password": password,
        "uri": f"postgresql://shopkeeper:{password}@orders.team-a.svc:5432/shop",
        "postgres-password": password,
    }
    assert secret["metadata"]["name"] == "orders-credentials"


def test_the_sampledb_owns_the_secret_so_that_it_goes_with_it() -> None:
    metadata = generate(sampledb()).manifest["metadata"]
    assert metadata["ownerReferences"] == [
        {"apiVersion": "sampledb.dev/v1", "kind": "SampleDB", "name": "orders", "uid": "u-1"}
    ]


def test_the_secret_of_a_volume_that_is_to_be_kept_stays_with_it() -> None:
    kept = sampledb()
    kept = replace(kept, spec=replace(kept.spec, deletion=Deletion(policy=DeletionPolicy.RETAIN)))
    assert "ownerReferences" not in generate(kept).manifest["metadata"]


def test_every_password_is_new_long_and_safe_in_a_uri() -> None:
    data = [generate(sampledb()).manifest["stringData"] for _ in range(50)]
    passwords = {each[key] for each in data for key in ("password", "postgres-password")}
    assert len(passwords) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", password) for password in passwords)
    assert urlsplit(data[0]["uri"]).password == data[0]["password"]


def test_the_values_are_never_shown() -> None:
    credentials = generate(sampledb())
    assert credentials.manifest["stringData"]["password"] not in repr(credentials)
    assert credentials.name in repr(credentials)


def test_a_name_of_the_users_own_is_kept() -> None:
    assert generate(sampledb(secret="shop-login")).name == "shop-login"


def test_a_sampledb_from_a_file_gets_no_credentials() -> None:
    with pytest.raises(InvalidError, match="source: Existing"):
        generate(sampledb(uid=""))
