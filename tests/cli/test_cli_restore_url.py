"""`sampledb restore --url`: any SampleDB's backup in an S3 store."""

from __future__ import annotations

import pytest
import yaml
from command_line import Run
from laptop_line import Line

NAME = "team-a/orders"
ID = "20260102T030405Z-1a2b3c"
URL = f"s3://backups/team-b/carts/{ID}"
STORE = {"target": {"s3": {"bucket": "backups", "secretName": "store"}}}


def test_a_url_takes_the_place_of_an_earlier_restores_backup(still: Line, sampledb: Run) -> None:
    still.create(backup=STORE, restore={"id": "sunday", "from": {"backupId": ID}})
    asked = ("restore", NAME, "--url", URL, "--id", "monday", "-o", "yaml")
    ended = sampledb(*asked, "--kubeconfig", still.laptop.kubeconfig)
    assert (ended.code, yaml.safe_load(ended.out)["backup"]) == (0, URL), ended.err
    source = (still.get() or {})["spec"]["restore"]["from"]
    assert (source["s3Url"], source["backupId"]) == (URL, "")


def test_a_url_without_a_store_to_read_it_with_is_refused(still: Line, sampledb: Run) -> None:
    still.create()
    ended = sampledb("restore", NAME, "--url", URL, "--kubeconfig", still.laptop.kubeconfig)
    assert ended.code == 2
    assert "spec.restore.from.s3Url: needs backup.target.s3" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "missing option --backup, --snapshot or --url", id="none"),
        pytest.param(["--backup", ID, "--url", URL], "--backup or --url, not both", id="both"),
    ],
)
def test_one_source_is_needed(arguments: list[str], said: str, process: Run) -> None:
    ended = process("restore", NAME, *arguments, "--print")
    assert ended.code == 2
    assert said in ended.err
