"""PostgreSQL 18 for a load test: sized by its memory, without durability beyond the run.

`synchronous_commit=off` acknowledges a commit before it is on disk; `wal_level=minimal` logs only what crash recovery needs.
A crash may lose the commits of the last fraction of a second. Do not use these settings for data that matter.
"""

from core.units import MIB
from infra.databases.spec import DatabaseSpec

IMAGE = "postgres:18.1-bookworm"
LEAST_MEMORY = 64 * MIB
"""Less does not hold its shared buffers and the creation of its data."""
NAME = "loadtest"
"""The user and the database."""


def arguments(memory: int) -> tuple[str, ...]:
    """Return the settings for a server with this many bytes of memory, in `-c name=value` pairs."""
    shared_buffers = max(memory // 4 // MIB, 32)
    settings = {
        "max_connections": "200",
        # A quarter of the memory: the rest is the kernel's page cache and the connections' own.
        "shared_buffers": f"{shared_buffers}MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "synchronous_commit": "off",
        # Checkpoints by time rather than by volume, as long as the log's size fits a small disk.
        "max_wal_size": f"{max(memory // 4 // MIB, 64)}MB",
    }
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def specification(image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """Return the server for these limits: cores, and bytes."""
    return DatabaseSpec(
        image=image or IMAGE,
        arguments=arguments(memory),
        environment={"POSTGRES_USER": NAME, "POSTGRES_DB": NAME},
        secret_environment={"POSTGRES_PASSWORD": "{password}"},
        port=5432,
        # From 18 on, the official image stores its data one level below its mount point.
        data_directory="/var/lib/postgresql",
        # Use TCP: while the image initialises itself, its server listens on a socket only.
        health_command=("psql", "-h", "127.0.0.1", "-U", NAME, "-d", NAME, "-Atqc", "SELECT 1"),
        connection=f"postgresql://{NAME}:{{password}}@{{host}}:{{port}}/{NAME}",
        cpu=cpu,
        memory=memory,
        tmpfs=tmpfs,
    )
