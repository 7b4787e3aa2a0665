"""From a SampleDB and a pack to documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from renderer import templating
from renderer.core import layout, resource
from renderer.core.errors import InvalidError
from renderer.core.layout import Role
from renderer.templating.pack import template
from renderer.templating.values import MARK

BUILT_IN = templating.find("postgresql")


def sampledb(**spec: object) -> resource.SampleDB:
    return resource.parse(
        {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"namespace": "team-a", "name": "orders"},
            "spec": {
                "engine": "postgresql",
                "version": "18",
                "storage": {"size": "1Gi"},
                **spec,
            },
        }
    )


@pytest.mark.parametrize(
    ("spec", "image", "major"),
    [
        pytest.param({}, "docker.io/library/postgres:18.4", "18", id="major"),
        pytest.param({"version": "16.9"}, "docker.io/library/postgres:16.9", "16", id="minor"),
        pytest.param({"image": "r.example/pg:18.4"}, "r.example/pg:18.4", "18", id="own-image"),
    ],
)
def test_a_version_means_an_image(spec: dict[str, Any], image: str, major: str) -> None:
    found = templating.desired(sampledb(**spec), templating.load(BUILT_IN))
    assert (found.image, found.major) == (image, major)


def test_what_the_pack_does_not_serve_is_refused_all_at_once() -> None:
    db = sampledb(version="12", parameters={"Port": "1", "listen_addresses": "x"})
    with pytest.raises(InvalidError) as error:
        templating.desired(db, templating.load(BUILT_IN))
    told = str(error.value)
    assert "spec.version" in told
    assert "use one of 15, 16, 17, 18" in told
    assert "spec.parameters.Port: can't be set: the server listens on 5432" in told
    assert "spec.parameters.listen_addresses" in told


def test_the_digests_tell_what_changed() -> None:
    pack = templating.load(BUILT_IN)
    plain = templating.desired(sampledb(), pack)
    tuned = templating.desired(sampledb(parameters={"work_mem": "8MB"}), pack)
    other = templating.desired(sampledb(init={"sql": ["SELECT 1"]}), pack)
    assert plain == templating.desired(sampledb(parameters={}), pack)
    assert plain.digest != tuned.digest
    assert plain.init_digest == tuned.init_digest
    assert plain.init_digest != other.init_digest


def test_a_pack_without_a_wanted_role_says_so(copy: Path) -> None:
    (copy / "networkpolicy.yaml.j2").unlink()
    declared = (copy / "pack.yaml").read_text()
    assert declared.count('  - "networkpolicy"\n') == 1
    (copy / "pack.yaml").write_text(declared.replace('  - "networkpolicy"\n', ""))
    pack = templating.load(copy)
    with pytest.raises(InvalidError, match="no template for networkpolicy"):
        templating.render(
            pack,
            templating.desired(sampledb(), pack),
            roles=frozenset({Role.NETWORK}),
            replicas=1,
            protect=True,
        )


def test_every_template_of_the_pack_gives_the_same_both_ways() -> None:
    pack = templating.load(BUILT_IN)
    db = sampledb(init={"sql": [f"SELECT '{MARK}'", "SELECT 1"]}, pgHba=["local all all trust"])
    wanted = templating.desired(db, pack)
    fast = templating.render(pack, wanted, roles=frozenset(Role), replicas=1, protect=True)
    again = templating.render(pack, wanted, roles=frozenset(Role), replicas=1, protect=True)
    assert [item.document for item in fast] == [item.document for item in again]
    scripts = next(item.document for item in fast if item.role is Role.SCRIPTS)
    assert scripts["data"]["sql-0000.sql"] == f"SELECT '{MARK}'"
    assert template(Role.SCRIPTS) == "configmap-scripts.yaml.j2"
    assert layout.names("orders").scripts == scripts["metadata"]["name"]


def test_a_result_shares_nothing_with_the_next_one() -> None:
    pack = templating.load(BUILT_IN)
    wanted = templating.desired(sampledb(), pack)
    roles = frozenset({Role.SERVER})
    first = templating.render(pack, wanted, roles=roles, replicas=1, protect=True)[0].document
    first["metadata"]["labels"].clear()
    first["spec"]["template"]["spec"]["containers"].clear()
    second = templating.render(pack, wanted, roles=roles, replicas=1, protect=True)[0].document
    assert second["metadata"]["labels"]
    assert second["spec"]["template"]["spec"]["containers"]


def test_who_asks_again_for_a_backup_gets_another_job_and_nothing_else_is_another() -> None:
    pack = templating.load(BUILT_IN)

    def named(word: str) -> set[tuple[str, str]]:
        backup = {"target": {"pvc": {"size": "1Gi"}}, "schedule": "0 3 * * *", "requestedAt": word}
        wanted = templating.desired(sampledb(backup=backup), pack)
        found = templating.render(pack, wanted, roles=frozenset(Role), replicas=1, protect=True)
        return {(item.role.value, repr(item.document)) for item in found}

    assert {role for role, _ in named("monday") ^ named("tuesday")} == {Role.BACKUP_NOW.value}
    assert named("monday") == named("monday")
