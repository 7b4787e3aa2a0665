"""A SampleDB all the way round, handed over to Argo CD or Flux as `apps/` has it."""

from __future__ import annotations

import pytest
from laptop_line import PATH, Line

from renderer.local.laptop import Laptop, Options


@pytest.mark.parametrize(
    ("tool", "namespace", "resource"),
    [
        pytest.param(
            "flux", "flux-system", "kustomizations.kustomize.toolkit.fluxcd.io", id="flux"
        ),
        pytest.param("argocd", "argocd", "applications.argoproj.io", id="argocd"),
    ],
)
def test_the_applier_says_what_it_applied_and_leaves_with_the_sampledb(
    tool: str, namespace: str, resource: str
) -> None:
    options = Options(namespaces=("team-a", namespace), path=PATH)
    with Laptop(options) as laptop:
        line = Line(laptop)
        more = ("--delivery", tool, "--delivery-repository", str(laptop.repository))
        with line.controller(*more):
            line.create()
            line.until(lambda: line.holds("Ready"), "Ready")
            line.until(
                lambda: (line.get() or {})["status"]["delivery"].get("state") == "Applied",
                "the applier's word",
            )
            said = (line.get() or {})["status"]["delivery"]
            assert said["tool"] == tool
            assert said["revision"]
            assert [app["metadata"]["name"] for app in laptop.objects.list(resource)] == [
                "team-a.orders"
            ]
            line.delete()
            line.until(lambda: line.get() is None, "the end of the SampleDB")
        line.until(lambda: not laptop.objects.list(resource), "the end of the hand-over")
        line.until(lambda: not _named(line, "configmaps"), "the end of the record")
        assert _named(line, "persistentvolumeclaims") == ["orders-backup"]


def _named(line: Line, resource: str) -> list[str]:
    found = line.laptop.objects.list(resource, "team-a")
    return [item["metadata"]["name"] for item in found]
