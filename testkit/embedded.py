"""An embedded PostgreSQL server, reached over TCP with a password."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.units import MIB
from infra.databases import specification_of
from infra.platforms.local import postgresql

PASSWORD = "a-password-of-the-tests"


@contextmanager
def embedded_postgresql(password: str = PASSWORD) -> Iterator[str]:
    """Start a server with an empty database; yield its connection string."""
    folder = Path(tempfile.mkdtemp(prefix="loadtest-pg-"))
    folder.chmod(0o755)
    specification = specification_of("postgresql", None, cpu=2, memory=512 * MIB, tmpfs=None)
    try:
        port = postgresql.start(specification, password, folder / "server", f"tests-{folder.name}")
        yield specification.connection_string(password, "127.0.0.1", port)
    finally:
        postgresql.stop(folder / "server")
        shutil.rmtree(folder)
