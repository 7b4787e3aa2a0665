"""The formats of single strings: a pattern, and the words for a value that doesn't match.

Patterns keep to what RE2, Rust's regex and Python's `re` read alike, because the
API server, pydantic and the tests each run their own engine over the same text.
"""

from __future__ import annotations

from dataclasses import dataclass

from renderer.core.resource import cron, duration, window


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a string must look like, in a pattern and in words."""

    pattern: str
    message: str
    """Follows the field's path: `must be …`."""
    example: str = ""
    advice: str = ""
    """What to do where an example says nothing."""

    @property
    def remedy(self) -> str:
        """The way out of a value that doesn't match."""
        return self.advice or f"write it like {self.example}"


def _either_empty(pattern: str) -> str:
    """`pattern`, or nothing at all: the empty string stands for `not set`."""
    return f"^({pattern[1:-1]})?$"


_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_BUCKET = r"[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]"
_PART = r"[-A-Za-z0-9_=][-A-Za-z0-9_=.]*"
_PREFIX = rf"{_PART}(/{_PART})*"
_ID = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6,16}"

NAME = Format(
    pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
    message="must begin with a letter and hold only a-z, 0-9 and '-', not ending with '-'",
    example="orders",
)
ENGINE = Format(
    pattern=f"^{_LABEL}$",
    message="must be the name of a template pack: a-z, 0-9 and '-'",
    example="postgresql",
)
VERSION = Format(
    pattern=r"^[1-9][0-9]{0,3}(\.[0-9]{1,4}){0,2}$",
    message="must be a version such as 18 or 18.4",
    example='"18"',
)
IMAGE = Format(
    pattern=r"^([A-Za-z0-9][-A-Za-z0-9._/:@]*)?$",
    message="must be an image reference, without spaces",
    example="docker.io/library/postgres:18.4",
)
SUBDOMAIN = Format(
    pattern=_either_empty(f"^{_SUBDOMAIN}$"),
    message="must be the name of a Kubernetes object: a-z, 0-9, '-' and '.'",
    example="my-name",
)
QUANTITY = Format(
    pattern=r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[kMGTPE]|[eE][0-9]{1,2})?$",
    message="must be a size: a number and a unit",
    example="10Gi",
)
CRON = Format(
    pattern=_either_empty(cron.PATTERN),
    message="must be a cron schedule of five fields: minute, hour, day, month, weekday",
    example="0 3 * * *",
)
TIME_ZONE = Format(
    pattern=r"^[A-Za-z][-+_A-Za-z0-9]*(/[-+_A-Za-z0-9]+)*$",
    message="must be a time zone's name from the IANA data base",
    example="Etc/UTC",
)
DURATION = Format(
    pattern=_either_empty(duration.PATTERN),
    message="must be a duration: numbers with the units s, m, h, d or w",
    example="30d",
)
WINDOW = Format(
    pattern=_either_empty(window.PATTERN),
    message="must be a cron schedule, for how long it is open then, and a time zone",
    example="0 2 * * 6 4h Europe/Berlin",
)
DATABASE_NAME = Format(
    pattern=r"^[a-z_][-a-z0-9_]{0,62}$",
    message="must begin with a-z or '_' and hold only a-z, 0-9, '_' and '-', at most 63",
    example="app",
)
EXTENSION = Format(
    pattern=r"^[a-z][-a-z0-9_]{0,62}$",
    message="must be the name of an extension: a-z, 0-9, '_' and '-'",
    example="pg_trgm",
)
PARAMETER_NAME = Format(
    pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$",
    message="must be the name of a server setting: letters, digits, '_' and one '.'",
    example="max_connections",
)
ONE_LINE = Format(
    pattern=r"^[^\x00-\x1f\x7f]*$",
    message="must be one line without control characters",
    advice="take out line breaks, tabs and what else doesn't print",
)
HBA_LINE = Format(
    pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x08\x0a-\x1f\x7f]*$",
    message="must be one line of pg_hba.conf, not empty, without control characters",
    example="host all all 10.0.0.0/8 scram-sha-256",
)
STATEMENT = Format(
    pattern=r"[^ \t\r\n]",
    message="must be an SQL statement, not empty",
    example="CREATE TABLE t (id bigint)",
)
CONFIG_MAP_KEY = Format(
    pattern=r"^[-._a-zA-Z0-9]*$",
    message="must be a key of a ConfigMap: letters, digits, '-', '_' and '.'",
    example="init.sql",
)
QUALIFIED = Format(
    pattern=rf"^({_SUBDOMAIN}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?$",
    message="must be a label or annotation key: an optional prefix and '/', then a name",
    example="example.com/team",
)
LABEL_VALUE = Format(
    pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$",
    message="must be a label value: at most 63 letters, digits, '-', '_' and '.'",
    example="ssd",
)
CIDR = Format(
    pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$",
    message="must be an address range",
    example="10.0.0.0/8",
)
BUCKET = Format(
    pattern=f"^{_BUCKET}$",
    message="must be a bucket's name: 3 to 63 of a-z, 0-9, '-' and '.'",
    example="team-a-backups",
)
TOKEN = Format(
    pattern=r"^[A-Za-z0-9]?[-A-Za-z0-9_.:+]*$",
    message="must hold only letters, digits, '-', '_', '.', ':' and '+'",
    example="2026-11-24T03:00:00Z",
)
PREFIX = Format(
    pattern=f"^({_PREFIX}/?)?$",
    message="must be the beginning of keys: names of letters, digits, '-', '_', '=' and '.', with "
    "'/' between",
    example="prod/databases",
)
ENDPOINT = Format(
    pattern=r"^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?/?)?$",
    message="must be a URL of a host, with a port if need be",
    example="https://s3.example.com",
)
REGION = Format(
    pattern=r"^([a-z0-9][-a-z0-9]*)?$",
    message="must be a region's name: a-z, 0-9 and '-'",
    example="eu-central-1",
)
S3_URL = Format(
    pattern=f"^(s3://{_BUCKET}/({_PREFIX}/)?{_ID})?$",
    message="must be the URL of a backup in a bucket, which ends with its id",
    example="s3://team-a-backups/prod/team-a/orders/20261124T030000Z-1a2b3c",
)
BACKUP_ID = Format(
    pattern=f"^({_ID})?$",
    message="must be the id of a backup",
    example="20261124T030000Z-1a2b3c",
)
SHA256 = Format(
    pattern=r"^([0-9a-f]{64})?$",
    message="must be a sha256: 64 of 0-9 and a-f",
    advice="copy it from the proof of the backup, or leave it out",
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Format))
BY_PATTERN = {entry.pattern: entry for entry in ALL}
