"""A spec whose values YAML readers, kustomize and API servers are known to change."""

from __future__ import annotations

from typing import Any

STATEMENT = "SELECT '${HOME} $(id) $$ 08', E'\\t', 'no'"
WORDS = {
    f"example.com/{name}": text
    for name, text in {
        "letter": "y",
        "word": "no",
        "float": "1e3",
        "octal": "0o17",
        "zero": "08",
        "tilde": "~",
        "sexagesimal": "1:20",
        "underscore": "1_000",
    }.items()
}
AWKWARD: dict[str, Any] = {
    "storage": {"size": "1024Mi"},
    "resources": {
        "requests": {"cpu": "1000m", "memory": "1000M"},
        "limits": {"cpu": "2000m", "memory": "1.5G"},
    },
    "init": {"sql": [STATEMENT]},
    "service": {"annotations": WORDS},
    "scheduling": {
        "nodeSelector": {"example.com/zone": "08"},
        "tolerations": [{"key": "example.com/no", "operator": "Equal", "value": "1e3"}],
    },
    "backup": {"schedule": "0 3 * * *", "target": {"pvc": {"size": "2048Mi"}}},
}
