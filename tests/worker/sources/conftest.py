"""One embedded PostgreSQL for the modules of this folder that make their own databases in it."""

from collections.abc import Iterator

import pytest

from tests.worker.verify.embedded import embedded_postgresql


@pytest.fixture(scope="package")
def postgresql_url() -> Iterator[str]:
    """The connection string of the server's superuser."""
    with embedded_postgresql() as url:
        yield url
