"""The Dockerfile at the top of the repository, from the same list as the assembled image."""

from __future__ import annotations

import json

from e2e.images.recipe import BASE, RENDERER, TARGET
from e2e.images.roots import account_lines

_INSTALL = "apt-get update && apt-get install -y --no-install-recommends"
_PIP = "pip install --no-cache-dir --require-hashes"


def dockerfile() -> str:
    """Its text, whole."""
    return "\n".join((*_build_stage(), "", *_final_stage(), ""))


def _build_stage() -> tuple[str, ...]:
    packages = " ".join((RENDERER.python, *RENDERER.build_packages))
    tools = " ".join(RENDERER.build_tools)
    unwanted = " ".join(f"{TARGET}/{name}" for name in ("bin", *RENDERER.unused))
    return (
        "# Written by `python tests/e2e/images --dockerfile`: change tests/e2e/images/recipe.py.",
        f"FROM {BASE} AS build",
        f"RUN {_INSTALL} {packages}",
        "WORKDIR /src",
        "COPY pyproject.toml requirements.lock ./",
        "COPY tools/locked-requirements.py tools/",
        (
            f"RUN python3 tools/locked-requirements.py > /needs.txt \\\n"
            f" && {_PIP} --no-compile --target {TARGET} -r /needs.txt \\\n"
            # pip would not add our program to a bin that is there.
            f" && rm -r {unwanted} \\\n"
            f" && python3 tools/locked-requirements.py {tools} > /tools.txt \\\n"
            f" && {_PIP} --break-system-packages -r /tools.txt"
        ),
        "COPY . .",
        (
            "RUN python3 -m hatchling build -t wheel -d /wheel \\\n"
            " && pip install --no-cache-dir --no-deps --no-compile"
            f" --target {TARGET} /wheel/*.whl \\\n"
            f" && python3 -m compileall -q --invalidation-mode unchecked-hash {TARGET}"
        ),
    )


def _final_stage() -> tuple[str, ...]:
    settings = RENDERER.settings
    passwd, group = account_lines(RENDERER.user)
    return (
        f"FROM {BASE}",
        (
            f"RUN {_INSTALL} {' '.join(RENDERER.packages)} \\\n"
            " && rm -rf /var/lib/apt/lists/* \\\n"
            f" && echo '{passwd}' >> /etc/passwd \\\n"
            f" && echo '{group}' >> /etc/group"
        ),
        f"COPY --from=build {TARGET} {TARGET}",
        *(f"LABEL {name}={json.dumps(value)}" for name, value in settings.labels.items()),
        *(f"ENV {name}={json.dumps(value)}" for name, value in settings.env.items()),
        f"WORKDIR {settings.workdir}",
        f"USER {settings.user}",
        f"STOPSIGNAL {settings.stop_signal}",
        f"ENTRYPOINT {json.dumps(list(settings.entrypoint))}",
    )
