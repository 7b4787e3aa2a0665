"""House rules that no linter knows: module length, mocks, paths of a machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LIMIT = 300
MOCKS = re.compile(r"mock\.patch|MagicMock|@patch\(")
MACHINE = re.compile(r"(?<![\w.$}])/(?:home|root|work|Users)/\w")
TEXT = {".py", ".md", ".sh", ".yaml", ".yml", ".toml", ".j2", ".json", ".lock", ""}


def tracked() -> list[Path]:
    """Every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := Path(line)).is_file()]


def findings(path: Path) -> list[str]:
    """What is wrong with one file."""
    if path.suffix not in TEXT or path == Path(__file__).relative_to(Path.cwd()):
        return []
    text = path.read_text(errors="replace")
    found = []
    lines = text.splitlines()
    if path.suffix == ".py" and len(lines) > LIMIT:
        found.append(f"{path}: {len(lines)} lines; the limit is {LIMIT}: split it")
    for number, line in enumerate(lines, 1):
        if path.suffix == ".py" and MOCKS.search(line):
            found.append(f"{path}:{number}: a mock; use the real thing or a fake of your own")
        if MACHINE.search(line):
            found.append(f"{path}:{number}: a path of one machine")
    return found


def main() -> int:
    """Print every finding; 1 when there is one."""
    found = [text for path in tracked() for text in findings(path)]
    for text in found:
        sys.stderr.write(text + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
