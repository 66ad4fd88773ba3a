"""What the Neo4j driver is given for a connection string: its URI has no user, password or database, so these go apart."""

import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from neo4j import Address, GraphDatabase
from neo4j.exceptions import DriverError

from core.connection import Connection

_HELLO = bytes.fromhex("6060b01700000005000000040000000000000000")
"""The first bytes of Bolt, with the versions 5 and 4; a server answers with one of them, or with 0."""
_SECONDS = 5


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's URI, login and resolver; raises InputError for a URI that it does not take."""
    if any(host.port is None for host in at.hosts):
        raise at.refused("names a Unix socket, and Neo4j has none", "name a host")
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
        # It connects when a session asks for a connection.
        GraphDatabase.driver(**given).close()
    except (DriverError, ValueError) as error:
        raise at.refused(
            error, "write it as Neo4j's drivers have it, options as a routing context of neo4j://"
        ) from None
    return given


def _resolver(at: Connection) -> Any:
    """Let the first host stand for all that are named; addresses that a server names stay as they are."""
    named = [Address(host) for host in at.hosts]

    def resolve(address: Address) -> Iterable[Address]:
        return named if address == named[0] else [address]

    return resolve


def refuses_tls(at: Connection) -> bool:
    """Whether the string asks for TLS, and the server speaks Bolt without it: it ends a TLS handshake as if it were starting.

    Nothing but a list of versions is sent.
    """
    if "+s" not in at.scheme:
        return False
    try:
        with socket.create_connection((at.hosts[0].name, at.hosts[0].port), timeout=_SECONDS) as plain:
            plain.sendall(_HELLO)
            return len(plain.recv(len(_HELLO))) == 4
    except OSError:
        return False
