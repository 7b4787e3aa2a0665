"""Files as they were in another commit of the repository that we stand in."""

from __future__ import annotations

from pathlib import Path

from renderer.cli.rendered import Base
from renderer.core.errors import invalid
from renderer.git.launch import Launcher


def baseline(ref: str) -> Base:
    """Return what reads a file (named from the current folder) at `ref`.

    "" means the last commit, where there is one. Raises `InvalidError` for a `ref` when
    there is no repository here, or no such commit in it.
    """
    top = next((f for f in (Path.cwd(), *Path.cwd().parents) if (f / ".git").exists()), None)
    if top is None:
        if not ref:
            return lambda _path: None
        raise invalid(
            "the current folder is in no Git repository",
            field="--base",
            value=ref,
            remedy="run it in a checkout, or leave --base out",
        )
    launcher = Launcher(top, repository=False)
    wanted = ref or "HEAD"
    named = launcher.run(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{tree}}"
    )
    if not named.ok:
        if not ref:
            return lambda _path: None
        raise invalid(
            "there is no such commit here",
            field="--base",
            value=ref,
            remedy="fetch it (actions/checkout: fetch-depth: 0), or correct the name",
        )

    def content(path: str) -> bytes | None:
        try:
            inside = Path(path).resolve().relative_to(top.resolve())
        except ValueError:
            return None
        shown = launcher.run("cat-file", "blob", f"{named.text}:{inside.as_posix()}")
        return shown.out if shown.ok else None

    return content
