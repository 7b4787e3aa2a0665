"""Python's logging, sent to stderr as the options -v, -q and --log-format say."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from renderer.cli.console import Console, LogFormat

_LEVELS = (logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)

_LIBRARIES = ("git", "kubernetes", "urllib3")
"""What these say for debugging is about themselves; nobody but their authors can use it."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        moment = datetime.fromtimestamp(record.created, tz=UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start(console: Console, *, more: int = 0) -> None:
    """Set logging up; `more` raises the level, as each -v does (the controller logs at info)."""
    handler = logging.StreamHandler(sys.stderr)
    if console.log_format is LogFormat.JSON:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    level = max(0, min(len(_LEVELS) - 1, console.verbosity + 1 + more))
    logging.basicConfig(level=_LEVELS[level], handlers=[handler], force=True)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
