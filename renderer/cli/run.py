"""`sampledb run`: the controller."""

from __future__ import annotations

from importlib import import_module

from renderer.cli import logs
from renderer.cli.branch import not_set
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.findings import CommandError
from renderer.cli.options import with_settings
from renderer.settings import Settings

_EXAMPLES = """
# in a cluster, with the settings in a ConfigMap and the token in a Secret
sampledb run --config /etc/sampledb/settings.yaml

# on a laptop, against the current context, alone
sampledb run --repository git@github.com:example/deploy.git --path clusters/dev \\
  --delivery flux --no-leader-elect --metrics-address 127.0.0.1:8080

# by the environment
SAMPLEDB_REPOSITORY_URL=https://git.example.com/deploy.git sampledb run
"""


@new_command("run", examples=_EXAMPLES)
@with_settings(
    "repository.*", "guard.*", "delivery.*", "cluster.*", "controller.*", "templates", "image"
)
def command(settings: Settings) -> int:
    """Run the controller until it is told to stop (SIGTERM, Ctrl-C).

    It watches SampleDBs, commits what they need to the repository and writes their
    status. A push that is under way is finished before it ends.
    """
    if not settings.repository.url:
        raise CommandError(not_set())
    logs.start(current(), more=1)
    code: int | None = import_module("renderer.controller.run").main(settings)
    return code or 0
