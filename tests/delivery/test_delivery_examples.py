"""The examples and the kustomize base: they parse, agree with the code, and stay least."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import celpy
import pytest
import yaml
from celpy.adapter import json_to_cel
from health_situations import GENERATION, SITUATIONS, Situation

from renderer.cluster import kinds
from renderer.core import emit
from renderer.core.crd import definition
from renderer.core.layout import Key
from renderer.delivery import Handoff, Tool, app

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("deploy", "examples/argocd", "examples/flux")
    for path in sorted((ROOT / folder).glob("*.yaml"))
]
READ = {"get", "list", "watch"}
RENDERED = [each for each in (*kinds.CHILDREN, kinds.VOLUME_SNAPSHOTS) if each != kinds.PODS]


def documents(path: str) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all((ROOT / path).read_text()) if found]


def rules(path: str, *, named: str) -> list[dict[str, Any]]:
    found = [each for each in documents(path) if each["metadata"]["name"] == named]
    return [rule for each in found for rule in each.get("rules", ())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_parses(path: Path) -> None:
    assert list(yaml.safe_load_all(path.read_text()))


def test_the_controller_may_read_every_kind_that_it_follows() -> None:
    granted = {
        (group, resource)
        for rule in rules("deploy/rbac.yaml", named="sampledb-renderer")
        if set(rule["verbs"]) >= READ
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    followed = (*RENDERED, kinds.PODS, kinds.SAMPLEDBS, kinds.APPLICATIONS, kinds.KUSTOMIZATIONS)
    assert {(each.group, each.plural) for each in followed} <= granted


def test_the_controller_may_change_no_workload_and_read_no_secret() -> None:
    writable: dict[str, set[str]] = {}
    for document in documents("deploy/rbac.yaml"):
        if document["kind"] not in {"ClusterRole", "Role"}:
            continue
        if not document["metadata"]["name"].startswith("sampledb-renderer"):
            continue
        for rule in document["rules"]:
            for resource in rule["resources"]:
                writable.setdefault(resource, set()).update(set(rule["verbs"]) - READ)
                assert "*" not in rule["verbs"]
                assert not (resource == "secrets" and set(rule["verbs"]) & READ)
    assert {resource: verbs for resource, verbs in writable.items() if verbs} == {
        "sampledbs": {"patch"},
        "sampledbs/status": {"patch"},
        "events": {"create", "patch"},
        "secrets": {"create"},
        "leases": {"create", "update"},
    }


def test_the_deployment_meets_the_restricted_pod_security_standard() -> None:
    (deployment,) = documents("deploy/deployment.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_kustomize_base_names_files_that_are_there() -> None:
    (base,) = documents("deploy/kustomization.yaml")
    missing = [name for name in base["resources"] if not (ROOT / "deploy" / name).is_file()]
    assert missing in ([], ["crd.yaml"])  # crd.yaml is written by `sampledb crd`


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl isn't installed")
def test_the_base_builds_with_the_definition_that_is_printed(tmp_path: Path) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", folder)
    (folder / "crd.yaml").write_bytes(emit.dump(definition()))
    built = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, check=True, timeout=60
    )
    found = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(built.stdout)}
    assert ("CustomResourceDefinition", "sampledbs.sampledb.dev") in found
    assert ("Deployment", "sampledb-renderer") in found
    assert ("ClusterRole", "sampledb-renderer") in found


def test_the_argo_project_admits_exactly_what_is_rendered() -> None:
    project, root = documents("examples/argocd/project.yaml")
    admitted = {each["kind"] for each in project["spec"]["namespaceResourceWhitelist"]}
    assert admitted == {each.kind for each in RENDERED}
    assert project["spec"]["clusterResourceWhitelist"] == []
    assert root["spec"]["clusterResourceWhitelist"] == []
    rendered = app(Handoff(tool=Tool.ARGOCD, project="sampledb"), Key(namespace="a", name="b"), "c")
    assert rendered is not None
    assert rendered["spec"]["project"] == project["metadata"]["name"]


def test_the_flux_applier_may_write_exactly_what_is_rendered() -> None:
    granted = {
        resource
        for rule in rules("examples/flux/rights.yaml", named="sampledb-applier")
        for resource in rule["resources"]
    }
    assert granted == {each.plural for each in RENDERED}


def test_the_flux_root_patches_what_is_rendered_and_reads_our_source() -> None:
    (root,) = documents("examples/flux/sampledb-root.yaml")
    (source,) = documents("examples/flux/source.yaml")
    rendered = app(Handoff(tool=Tool.FLUX), Key(namespace="a", name="b"), "c")
    assert rendered is not None
    label, _, value = root["spec"]["patches"][0]["target"]["labelSelector"].partition("=")
    assert rendered["metadata"]["labels"][label] == value
    assert rendered["spec"]["sourceRef"]["name"] == source["metadata"]["name"]
    assert rendered["metadata"]["namespace"] == root["metadata"]["namespace"]


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_the_flux_health_check_tells_a_sampledbs_health(situation: Situation) -> None:
    (example,) = documents("examples/flux/health-check.yaml")
    (check,) = example["spec"]["healthCheckExprs"]
    resource: dict[str, Any] = {"metadata": {"generation": GENERATION}}
    resource |= {"status": situation.status} if situation.status else {}
    verdict = "waits"
    for key in ("inProgress", "failed", "current"):
        environment = celpy.Environment()
        program = environment.program(environment.compile(check[key]))
        if program.evaluate({name: json_to_cel(part) for name, part in resource.items()}):
            verdict = key
            break
    assert verdict == situation.flux
