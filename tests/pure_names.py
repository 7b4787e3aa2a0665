"""What the pure cluster's children are called."""

from __future__ import annotations

from renderer.core.layout import JOBS, Names, Role, names


def name_of(role: Role, digest: str, given: Names | None = None) -> str:
    children = given or names("orders")
    by_role = {
        Role.SERVICE_ACCOUNT: children.server,
        Role.CONFIG: children.config,
        Role.SCRIPTS: children.scripts,
        Role.CONNECTION: children.connection,
        Role.TOOLS: children.tools,
        Role.SERVICE: children.server,
        Role.DATA: children.data,
        Role.RESTORED: children.restored,
        Role.PREVIOUS: children.previous,
        Role.BACKUPS: children.backups,
        Role.SERVER: children.server,
        Role.NETWORK: children.server,
        Role.DISRUPTION: children.server,
        Role.BACKUP: children.backup,
        **{role: f"{children.job(role)}-{digest[:8]}" for role in JOBS},
    }
    return by_role[role]
