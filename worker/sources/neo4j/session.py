"""A session of Neo4j whose queries mean the same on every server.

A server's or a database's settings choose the version of Cypher in which a query is read, the time after which a transaction
is ended, and the database of a user who names none: each is fixed here. `db.temporal.timezone` needs nothing: no query of a
worker asks the server for an instant, and every value with a zone is sent with its offset.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, LiteralString, cast

from neo4j import Driver, Query, Result, Session, Transaction
from neo4j.exceptions import DriverError, Neo4jError

from core.connection import Connection
from core.errors import ServerError

_SYSTEM = "system"
NO_TIMEOUT = 0.0
"""Seconds: a transaction without an end of its own, instead of the server's db.transaction.timeout."""
_NAMES_A_VERSION = (5, 21)
"""The release from which a query can say in which version of Cypher it is written."""
_TIMEOUT_IS_THE_CLIENTS = (5, 3)
"""Before this release a server ignores a timeout that is longer than its own."""


class Neo4jSession:
    """A session in one database, with the version of its server."""

    def __init__(self, driver: Driver, database: str) -> None:
        self.database = database
        self._driver = driver
        self._session: Session = driver.session(database=database)
        try:
            self.version = version_of(self._session.run(_literal("RETURN 1")).consume().server.agent)
        except BaseException:
            with suppress(Neo4jError, DriverError, OSError):
                self._session.close()
            raise
        self._prefix = "CYPHER 5 " if self.version >= _NAMES_A_VERSION else ""

    @property
    def overrides_timeout(self) -> bool:
        """Whether the server lets a transaction last longer than its own timeout says."""
        return self.version >= _TIMEOUT_IS_THE_CLIENTS

    def cypher(self, query: str) -> LiteralString:
        """Return the query in the version of Cypher that it is written in."""
        return _literal(self._prefix + query)

    def run(self, query: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Start a query in a transaction of its own."""
        return self._session.run(Query(self.cypher(query), timeout=NO_TIMEOUT), dict(parameters or {}))

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return [tuple(record) for record in self.run(query, parameters)]

    def described(self, query: str) -> list[dict[str, Any]]:
        """Return all rows of a SHOW command by the names of its columns, which differ from release to release."""
        return [record.data() for record in self.run(query)]

    def transaction(self) -> Transaction:
        """Begin a transaction, which the driver does not try again."""
        return self._session.begin_transaction(timeout=NO_TIMEOUT)

    def databases(self) -> Sequence[Mapping[str, Any]]:
        """Return what the server says of its databases, a row for each copy of a database in a cluster."""
        return _asked(self._driver, "SHOW DATABASES")

    def close(self) -> None:
        """Give back the connection."""
        self._session.close()


def open_session(driver: Driver, at: Connection) -> Neo4jSession:
    """Open a session in the connection string's database, else in the one that is the user's home now."""
    database = at.database or _home(driver, at)
    if database.lower() == _SYSTEM:
        raise ServerError(
            f"{at}: {database!r} is Neo4j's own database, which holds no nodes; name another after the port"
        )
    return Neo4jSession(driver, database)


def version_of(agent: str) -> tuple[int, ...]:
    """Return the version in an agent such as `Neo4j/5.26.0` or `Neo4j/2025.06.1`."""
    found = re.search(r"(\d+)\.(\d+)", agent)
    return tuple(map(int, found.groups())) if found else (0,)


def _home(driver: Driver, at: Connection) -> str:
    """Return the database that the server would take for a session that names none; it may change between two queries."""
    found = _asked(driver, "SHOW HOME DATABASE")
    if not found:
        raise ServerError(f"{at}: names no database, and the user has no home database; name one after the port")
    return str(found[0]["name"])


def _asked(driver: Driver, query: str) -> list[dict[str, Any]]:
    with driver.session(database=_SYSTEM) as session:
        return [record.data() for record in session.run(Query(_literal(query), timeout=NO_TIMEOUT))]


def _literal(query: str) -> LiteralString:
    """The driver takes literals only, against injection; every name in ours is quoted, every value a parameter."""
    return cast("LiteralString", query)  # type: ignore[redundant-cast]
