"""How a script ended."""

from __future__ import annotations

import json
from typing import Any


class Result:
    """How a script ended."""

    def __init__(self, code: int, message: str, output: str) -> None:
        self.code, self.message, self.output = code, message, output

    @property
    def json(self) -> dict[str, Any]:
        assert self.code == 0, (self.code, self.message, self.output)
        found = json.loads(self.message.splitlines()[-1])
        assert isinstance(found, dict)
        return found
