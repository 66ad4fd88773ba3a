"""Connect to Neo4j: the driver's arguments, and a session whose queries mean the same on every server.

The driver's URI has no user, password or database, so they are separate arguments. Settings of a server or database choose the
version of Cypher, the transaction timeout and a user's home database: each is fixed here. `db.temporal.timezone` has no effect:
no query of a worker needs the server's clock, and every value with a zone is sent with its offset.
"""

import re
import socket
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, LiteralString, cast
from urllib.parse import quote

from neo4j import Address, Driver, GraphDatabase, Query, Record, Result, Session, Transaction
from neo4j.exceptions import DriverError, Neo4jError

from core.connection import Connection
from core.errors import ServerError

_HELLO = bytes.fromhex("6060b01700000005000000040000000000000000")
"""The handshake of Bolt, with versions 5 and 4; a server answers with one of them, or with 0."""
_SECONDS = 5
_SYSTEM = "system"
NO_TIMEOUT = 0.0
"""Seconds: no timeout, instead of the server's db.transaction.timeout."""
_NAMES_A_VERSION = (5, 21)
"""The first release in which a query can name its version of Cypher."""
_TIMEOUT_IS_THE_CLIENTS = (5, 3)
"""The first release in which a client's timeout may be longer than the server's."""


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's URI, login and resolver; raise InputError for a URI that the driver does not accept."""
    if any(host.port is None for host in at.hosts):
        raise at.refused("names a Unix socket, which Neo4j does not support", "name a host")
    if len(at.hosts) > 1 and not at.scheme.startswith("neo4j"):
        raise at.refused(f"names several hosts with {at.scheme}://", "write neo4j:// for a cluster, or name one host")
    context = "&".join(f"{quote(name)}={quote(value)}" for name, value in at.options)
    given: dict[str, Any] = {
        "uri": f"{at.scheme}://{at.hosts[0]}{'?' if context else ''}{context}",
        "auth": (at.user, at.password or "") if at.user else None,
    }
    if len(at.hosts) > 1:
        given["resolver"] = _resolver(at)
    try:
        # A driver does not connect before a session needs a connection.
        GraphDatabase.driver(**given).close()
    except (DriverError, ValueError) as error:
        raise at.refused(
            error, "write it as in the documentation of Neo4j's drivers, options as a routing context of neo4j://"
        ) from None
    return given


def _resolver(at: Connection) -> Any:
    """Return a resolver that replaces the first host by all hosts of the string, and no other address."""
    named = [Address(host) for host in at.hosts]

    def resolve(address: Address) -> Iterable[Address]:
        return named if address == named[0] else [address]

    return resolve


def server_lacks_tls(at: Connection) -> bool:
    """Return whether the string requires TLS, and the server speaks Bolt without it. Only a list of versions is sent.

    Such a server ends a TLS handshake in the same way as one that is starting.
    """
    if "+s" not in at.scheme:
        return False
    try:
        with socket.create_connection((at.hosts[0].name, at.hosts[0].port), timeout=_SECONDS) as plain:
            plain.sendall(_HELLO)
            return len(plain.recv(len(_HELLO))) == 4
    except OSError:
        return False


class Neo4jSession:
    """A session in one database, with the version of its server."""

    def __init__(self, driver: Driver, database: str) -> None:
        self.database = database
        self._driver = driver
        self._session: Session = driver.session(database=database)
        try:
            self.version = version_of(self._session.run(_as_literal("RETURN 1")).consume().server.agent)
        except BaseException:
            with suppress(Neo4jError, DriverError, OSError):
                self._session.close()
            raise
        self._prefix = "CYPHER 5 " if self.version >= _NAMES_A_VERSION else ""

    @property
    def overrides_timeout(self) -> bool:
        """True if a transaction may exceed the server's own timeout."""
        return self.version >= _TIMEOUT_IS_THE_CLIENTS

    def cypher(self, query: str) -> LiteralString:
        """Return the query with the version of Cypher in which it is written."""
        return _as_literal(self._prefix + query)

    def run(self, query: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Start a query in a transaction of its own."""
        return self._session.run(Query(self.cypher(query), timeout=NO_TIMEOUT), dict(parameters or {}))

    def records(self, query: str, parameters: Mapping[str, Any]) -> Generator[Record, None, None]:
        """Yield the records of a query. Close the generator to leave some: the next query would store them in memory."""
        result = self.run(query, parameters)
        try:
            yield from result
        except GeneratorExit:
            result.consume()
            raise

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return [tuple(record) for record in self.run(query, parameters)]

    def described(self, query: str) -> list[dict[str, Any]]:
        """Return all rows of a SHOW command by the names of its columns, which differ between releases."""
        return [record.data() for record in self.run(query)]

    def transaction(self) -> Transaction:
        """Begin a transaction, which the driver does not retry."""
        return self._session.begin_transaction(timeout=NO_TIMEOUT)

    def databases(self) -> Sequence[Mapping[str, Any]]:
        """Return the answer of SHOW DATABASES, with a row for each copy of a database in a cluster."""
        return _system_rows(self._driver, "SHOW DATABASES")

    def close(self) -> None:
        """Return the connection to the driver."""
        self._session.close()


def open_session(driver: Driver, at: Connection) -> Neo4jSession:
    """Open a session in the connection string's database, or in the user's current home database."""
    database = at.database or _home_database(driver, at)
    if database.lower() == _SYSTEM:
        raise ServerError(
            f"{at}: {database!r} is Neo4j's own database, which cannot store nodes; name another after the port"
        )
    return Neo4jSession(driver, database)


def version_of(agent: str) -> tuple[int, ...]:
    """Return the version in an agent such as `Neo4j/5.26.0` or `Neo4j/2025.06.1`."""
    found = re.search(r"(\d+)\.(\d+)", agent)
    return tuple(map(int, found.groups())) if found else (0,)


def _home_database(driver: Driver, at: Connection) -> str:
    """Return the user's home database, which may change between two queries."""
    found = _system_rows(driver, "SHOW HOME DATABASE")
    if not found:
        raise ServerError(f"{at}: names no database, and the user has no home database; name one after the port")
    return str(found[0]["name"])


def _system_rows(driver: Driver, query: str) -> list[dict[str, Any]]:
    with driver.session(database=_SYSTEM) as session:
        return [record.data() for record in session.run(Query(_as_literal(query), timeout=NO_TIMEOUT))]


def _as_literal(query: str) -> LiteralString:
    """Return the query as a literal, which the driver requires against injection: names are quoted, values are parameters."""
    return cast("LiteralString", query)  # type: ignore[redundant-cast]
