"""`sampledb diff`: what a commit would change."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping

import click

from renderer.cli import branch, inputs
from renderer.cli.commands import command as new_command
from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.findings import CommandError
from renderer.cli.options import LAYOUT, READ, with_settings
from renderer.cli.rendering import render_all
from renderer.core.layout import join
from renderer.git.change import Change
from renderer.reconcile import Tip
from renderer.settings import Settings

_EXAMPLES = """
# against a branch
sampledb diff databases/ --repository git@github.com:example/deploy.git --path clusters/prod

# against files as they lie in a folder
sampledb diff databases/ --folder ../deploy --path clusters/prod

# in a script: 0 the same, 1 different, anything else an error
sampledb diff databases/ --folder out >/dev/null || test $? -eq 1
"""
_COLORS = {"+": "green", "-": "red", "@": "cyan"}


@new_command("diff", examples=_EXAMPLES)
@inputs.source_options
@inputs.folder_option
@click.option("--name-only", is_flag=True, help="Only the names of the files that differ.")
@with_settings(*LAYOUT, *READ)
def command(
    *,
    settings: Settings,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    folder: str,
    name_only: bool,
) -> int:
    """Show what a commit would change in the repository: exit 1 when something would.

    The output is a unified diff that `git apply` and `patch -p1` read.
    """
    if not folder and not settings.repository.url:
        raise CommandError(branch.not_set())
    found = inputs.read(paths, files, namespace)
    different = False
    with inputs.tip(settings, folder) as tip:
        shop = inputs.shop(settings, tip, namespace, skip_unchanged=True)
        rendered, wrong = render_all(found.documents, shop)
        for one in rendered:
            for path, before, after in differences(one.change, tip) if one.change else ():
                different = True
                current().out(path if name_only else _shown(path, before, after), nl=name_only)
    if found.findings or wrong:
        raise CommandError(*found.findings, *wrong)
    return Exit.FOUND if different else Exit.OK


def differences(change: Change, tip: Tip) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Yield (path, before, after) of each file that differs; None where there is no file."""
    listing = tip.listing(change.directory)
    held = tip.read_many(list(listing.values()))
    before = {name: held[blob] for name, blob in listing.items()}
    after: Mapping[str, bytes] = change.files or {}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield join(change.directory, name), before.get(name), after.get(name)
    for path, content in sorted(change.beside.items()):
        was = tip.read(path)
        if was != content:
            yield path, was, content


def _shown(path: str, before: bytes | None, after: bytes | None) -> str:
    lines = unified(path, before, after)
    if not current().colored(sys.stdout):
        return "".join(lines)
    return "".join(
        click.style(line, bold=True)
        if line.startswith(("+++", "---", "diff "))
        else click.style(line, fg=_COLORS.get(line[:1]))
        for line in lines
    )


def unified(path: str, before: bytes | None, after: bytes | None) -> list[str]:
    """Write the lines of a diff in Git's form."""
    head = [f"diff --git a/{path} b/{path}\n"]
    if before is None:
        head.append("new file mode 100644\n")
    if after is None:
        head.append("deleted file mode 100644\n")
    body = difflib.unified_diff(
        (before or b"").decode(errors="replace").splitlines(keepends=True),
        (after or b"").decode(errors="replace").splitlines(keepends=True),
        f"a/{path}" if before is not None else "/dev/null",
        f"b/{path}" if after is not None else "/dev/null",
    )
    ended = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in body
    ]
    return head + ended
