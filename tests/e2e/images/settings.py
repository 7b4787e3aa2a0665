"""An image's settings in Docker's words."""

from __future__ import annotations

from e2e.images.recipe import Settings
from e2e.images.store import Config


def config(settings: Settings) -> Config:
    """The `config` object; what isn't set is left out."""
    words: Config = {
        "Env": [f"{name}={value}" for name, value in settings.env.items()],
        "Entrypoint": list(settings.entrypoint),
        "Cmd": list(settings.command),
        "User": settings.user,
        "WorkingDir": settings.workdir,
        "Labels": dict(settings.labels),
        "ExposedPorts": {port: {} for port in settings.ports},
        "Volumes": {path: {} for path in settings.volumes},
        "StopSignal": settings.stop_signal,
    }
    return {name: value for name, value in words.items() if value}
