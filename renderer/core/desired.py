"""What is wanted: a SampleDB, resolved against the template pack that serves it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from renderer.core.configuration import Configuration
from renderer.core.layout import Key
from renderer.core.resource import SampleDB


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Which server runs on the data."""

    image: str
    major: str
    """The major version, which names the data directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """A SampleDB with everything that the pack decides for it. Input of `decide` and `render`."""

    db: SampleDB
    image: str
    """`spec.image`, or the pack's for `spec.version`."""
    major: str
    """The major version wanted, for example `18`."""
    version: str = ""
    """The version wanted, for example `18.4`; "" when `spec.image` decides the minor."""
    newest: str = ""
    """The newest minor of `major` that the pack knows; "" when `spec.image` decides."""
    digest: str
    """Hash of the spec and of the pack's content: changes when the files may change."""
    templates: str = ""
    """The pack and the digest of its content, for people: `postgresql@1a2b3c4d5e6f`."""
    own_image: str = ""
    """This program's own image, which Jobs run that move backups to and from a store."""
    lent: str = ""
    """Where the backup to restore lies, when another namespace's SampleDB grants it; a URL."""
    init_digest: str
    """Hash of `spec.init` alone: it runs once."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return self.db.key

    @property
    def release(self) -> Release:
        """The server that the spec asks for."""
        return Release(image=self.image, major=self.major)

    @property
    def configuration(self) -> Configuration:
        """What the spec asks the server to start with."""
        spec = self.db.spec
        return Configuration(parameters=spec.parameters, hba=spec.pg_hba)

    @property
    def credentials(self) -> str:
        """The name of the Secret that the spec asks for: a rotation asks for a new one."""
        asked = self.db.spec.credentials
        name = asked.secret_name or f"{self.key.name}-credentials"
        token = asked.rotation.requested_at
        if asked.source != "Generated" or not token:
            return name
        return f"{name}-{hashlib.sha256(token.encode()).hexdigest()[:8]}"

    @property
    def backs_up(self) -> bool:
        """True when there is a place for backups from the beginning."""
        return self.db.spec.backup.target is not None

    @property
    def in_store(self) -> bool:
        """True when backups go to an S3 store, and not to a claim of their own."""
        target = self.db.spec.backup.target
        return target is not None and target.s3 is not None

    @property
    def snapshots(self) -> bool:
        """True when a backup is a VolumeSnapshot of the data volume."""
        return self.db.spec.backup.method == "VolumeSnapshot"

    @property
    def scheduled(self) -> bool:
        """True when backups run on a schedule."""
        return (self.backs_up or self.snapshots) and bool(self.db.spec.backup.schedule)
