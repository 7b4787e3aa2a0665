"""What a Job tries isn't what the server has: the files that it mounts stay until then."""

from __future__ import annotations

from typing import Any

from renderer import templating
from renderer.core import emit, resource
from renderer.core.configuration import Configuration
from renderer.core.layout import Role

SERVER = frozenset({Role.CONFIG, Role.SERVER})
BEFORE = Configuration(parameters={"work_mem": "4MB"}, hba=("local all all reject",))


def files(roles: frozenset[Role], before: Configuration | None = None, **spec: Any) -> list[str]:
    pack = templating.load(templating.find("postgresql"))
    least = {"engine": "postgresql", "version": "16", "storage": {"size": "1Gi"}}
    db = resource.parse(
        {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"namespace": "team-a", "name": "orders"},
            "spec": {**least, **spec},
        }
    )
    desired = templating.desired(db, pack)
    rendered = templating.render(
        pack, desired, roles=roles, replicas=1, protect=True, configuration=before
    )
    return [emit.dump(item.document).decode() for item in rendered]


def test_while_a_configuration_is_tried_the_server_keeps_the_one_in_force() -> None:
    roles = SERVER | {Role.TOOLS, Role.CHECK}
    config, tools, server, job = files(roles, BEFORE, parameters={"work_mem": "8MB"})
    rests = files(SERVER, parameters=BEFORE.parameters, pgHba=list(BEFORE.hba))
    assert [config, server] == rests
    assert "work_mem = '8MB'" in tools
    assert "local all all reject" not in tools
    assert "check.sh" in job


def test_the_tools_of_other_jobs_have_no_configuration() -> None:
    (tools,) = files(frozenset({Role.TOOLS}), parameters={"work_mem": "8MB"})
    assert "work_mem" not in tools
