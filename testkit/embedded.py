"""An embedded PostgreSQL server, reached over TCP with a password."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.units import MIB
from infra.databases import specification_of
from infra.platforms.local import postgresql
from infra.platforms.local.limits import remove_groups
from testkit import session

PASSWORD = "a-password-of-the-tests"


@contextmanager
def embedded_postgresql(password: str = PASSWORD) -> Iterator[str]:
    """Start a server with an empty database; yield its connection string."""
    folder = Path(tempfile.mkdtemp(prefix="loadtest-pg-"))
    group = session.unique("tests")
    folder.chmod(0o755)
    specification = specification_of("postgresql", None, cpu=2, memory=512 * MIB, tmpfs=None)
    try:
        port = postgresql.start(specification, password, folder / "server", group)
        yield specification.connection_string(password, "127.0.0.1", port)
    finally:
        postgresql.stop(folder / "server")
        remove_groups(group)
        shutil.rmtree(folder)
