"""One embedded PostgreSQL for the modules of this folder, which create their own databases in it."""

from collections.abc import Iterator

import pytest

from testkit.embedded import embedded_postgresql


@pytest.fixture(scope="package")
def postgresql_url() -> Iterator[str]:
    """Return the connection string of the server's superuser."""
    with embedded_postgresql() as url:
        yield url
