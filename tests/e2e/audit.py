"""What the controller asked of the API server, as the server wrote it down."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

WHO = "system:serviceaccount:sampledb-system:sampledb-renderer"
_READS = {"get", "list", "watch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The API server's log of one account's requests."""

    folder: Path

    @property
    def _log(self) -> Path:
        return self.folder / "audit.log"

    def flags(self) -> list[str]:
        """The API server's flags; writes the policy that they name."""
        policy = self.folder / "audit-policy.json"
        policy.write_text(
            json.dumps(
                {
                    "apiVersion": "audit.k8s.io/v1",
                    "kind": "Policy",
                    "omitStages": ["RequestReceived", "ResponseStarted"],
                    "rules": [{"level": "Metadata", "users": [WHO]}, {"level": "None"}],
                }
            )
        )
        return [f"--audit-policy-file={policy}", f"--audit-log-path={self._log}"]

    def requests(self, namespace: str = "") -> Counter[str]:
        """`verb resource` → how often so far; only in one namespace when it is given."""
        found: Counter[str] = Counter()
        for line in self._log.read_text().splitlines():
            entry = json.loads(line)
            what = entry.get("objectRef") or {}
            if namespace in {"", what.get("namespace")}:
                parts = (what.get("resource", ""), what.get("subresource", ""))
                found[f"{entry['verb']} {'/'.join(filter(None, parts))}"] += 1
        return found


def writes(requests: Counter[str]) -> int:
    """How many of the requests write."""
    return sum(n for what, n in requests.items() if what.partition(" ")[0] not in _READS)
