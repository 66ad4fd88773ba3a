"""A source of each store for the tests of this folder: a folder, an embedded PostgreSQL, or a server in a container."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from core.connection import Connection, parse_connection
from core.stores import SOURCES
from testkit.embedded import embedded_postgresql
from testkit.serving import shared
from tests.worker.sources.loading import connected
from worker.sources import base
from worker.sources.base import Source

WITHOUT_DOCKER = ("csv", "jsonl", "postgresql")
_ALL = [
    *WITHOUT_DOCKER,
    *(pytest.param(name, marks=pytest.mark.docker) for name in SOURCES if name not in WITHOUT_DOCKER),
]


class Place(NamedTuple):
    """A store and its connection string."""

    source: str
    url: str

    @property
    def connection(self) -> Connection:
        """The parsed connection string."""
        return parse_connection(self.url, SOURCES[self.source])


@pytest.fixture(scope="package", params=_ALL)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name: str = request.param
    if not SOURCES[name].needs_server:
        yield Place(name, (tmp_path_factory.mktemp(name) / "out").as_uri())
    elif name == "postgresql":
        with embedded_postgresql() as url:
            yield Place(name, url)
    else:
        yield Place(name, shared(name).connection_string)


@pytest.fixture(scope="package")
def source(place: Place) -> Iterator[Source]:
    with connected(place.source, place.connection) as opened:
        yield opened


@pytest.fixture(autouse=True)
def few_parsed_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare most rows by their bytes: the tables of the tests are shorter than what is always parsed."""
    monkeypatch.setattr(base, "PARSED_FIRST", 10)
