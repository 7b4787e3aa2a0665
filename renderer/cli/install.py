"""`sampledb install`: everything that the controller needs in a cluster, as one stream."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

import renderer
from renderer.cli.commands import command as new_command
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.cli.options import resolve
from renderer.core import crd, emit
from renderer.core.documents import read

_EXAMPLES = """
# with your settings, and an image that you built
sampledb install --settings sampledb.yaml --image registry.example.com/sampledb@sha256:... \\
  | kubectl apply --server-side -f -

# look first
sampledb install | less
"""
_PACKAGE = "renderer_deploy"
_FILES = ("namespace.yaml", "rbac.yaml", "deployment.yaml", "networkpolicy.yaml")
_NAMESPACE = "sampledb-system"


@new_command("install", examples=_EXAMPLES)
@click.option(
    "--settings", "file", default="", metavar="FILE", help="The controller's settings, as YAML."
)
@click.option("--image", default="", metavar="IMAGE", help="The controller's image.")
def command(file: str, image: str) -> None:
    """Print everything that the controller needs in a cluster, ready for kubectl apply.

    The CustomResourceDefinition, the namespace sampledb-system, the rights, the settings
    and the Deployment. The credentials of the repository are yours to create: the Secret
    sampledb-git, with what the settings name.
    """
    folder = _folder()
    chosen = Path(file) if file else folder / "settings.yaml"
    text = chosen.read_text()
    resolve(str(chosen), {}, {}, check_files=False)
    click.echo(b"---\n" + emit.dump(crd.definition()), nl=False)
    for name in _FILES:
        content = (folder / name).read_bytes()
        for document in read(content, source=name):
            if image and document.value.get("kind") == "Deployment":
                for container in document.value["spec"]["template"]["spec"]["containers"]:
                    _name_image(container, image)
            click.echo(b"---\n" + emit.dump(document.value), nl=False)
    click.echo(b"---\n" + emit.dump(_settings(text)), nl=False)


def _name_image(container: dict[str, Any], image: str) -> None:
    """The controller runs the image, and has the Jobs run it that use an S3 store."""
    container["image"] = image
    for variable in container["env"]:
        if variable["name"] == "SAMPLEDB_IMAGE":
            variable["value"] = image


def _settings(text: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "sampledb-settings", "namespace": _NAMESPACE},
        "data": {"settings.yaml": text},
    }


def _folder() -> Path:
    """The folder deploy/ of a checkout, or that of the installed wheel."""
    checkout = Path(renderer.__file__).parent.parent / "deploy"
    spec = find_spec(_PACKAGE)
    installed = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    for folder in (checkout, *installed):
        if (folder / "deployment.yaml").is_file():
            return folder
    finding = Finding(
        rule=Rule.INPUT,
        problem="the manifests of the controller are not in this installation",
        remedy="take them from the folder deploy/ of the source",
    )
    raise CommandError(finding)
