"""What is built is what users install: it carries the packs, the base and the demo's example."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_the_wheel_renders_without_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=True,
        cwd=CHECKOUT,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    example = place / "renderer" / "local" / "example.yaml"
    assert example.read_bytes() == (CHECKOUT / "examples" / "minimal.yaml").read_bytes()
    assert (place / "renderer_deploy" / "rbac.yaml").is_file()
    code = "import sys; from renderer.cli.main import main; sys.argv[0] = 'sampledb'; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "render", str(example)],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(place)},
    )
    assert 'kind: "StatefulSet"' in done.stdout
