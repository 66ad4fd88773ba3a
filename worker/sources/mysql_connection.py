"""The driver's connection, as rows in bulk want it, and its arguments for TLS."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.constants import CR

from spec.connection import Connection
from spec.errors import InputError

_PACKET_BYTES = 256 * 1024


class RowConnection(pymysql.Connection):  # type: ignore[misc]
    """The driver's, which sends a file in packets of 16 KiB: each is a turn in which the generator takes the interpreter."""

    _gathered: bytearray | None = None

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """While a file is sent: packets of 256 KiB, which any server's `max_allowed_packet` lets through."""
        self._gathered = bytearray()
        try:
            yield
        finally:
            self._gathered = None

    def write_packet(self, payload: bytes) -> None:
        """One packet, or a part of one while gathering; raises OperationalError where the connection is closed."""
        if not self.open:  # the driver itself stumbles over the socket that is gone
            raise pymysql.OperationalError(CR.CR_SERVER_LOST, "the connection was closed while rows were sent")
        if self._gathered is None:
            super().write_packet(payload)
            return
        self._gathered += payload
        if self._gathered and (not payload or len(self._gathered) >= _PACKET_BYTES):
            super().write_packet(self._gathered)
            self._gathered.clear()
        if not payload:  # the end of the file
            super().write_packet(payload)


def tls_of(at: Connection) -> dict[str, Any]:
    """The driver's arguments for what `ssl-mode` asks for, as the server's own clients spell it; raises InputError."""
    given = at.parameters(("ssl-mode", "ssl-ca"))
    mode, authority = given.get("ssl-mode", "PREFERRED").upper(), given.get("ssl-ca")
    if authority is not None and mode in ("DISABLED", "PREFERRED", "REQUIRED"):
        useless = f"is of no use with ssl-mode {mode}, which verifies nothing"
        raise InputError.of("connectionString: ssl-ca", authority, useless, "write ssl-mode=VERIFY_IDENTITY")
    if mode == "DISABLED":
        return {"ssl_disabled": True}
    if mode == "PREFERRED":
        return {}
    if mode == "REQUIRED":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return {"ssl": context}
    if mode == "VERIFY_IDENTITY":
        try:
            return {"ssl": ssl.create_default_context(cafile=authority)}
        except OSError as error:  # no such file, or one without certificates
            problem = f"cannot be read as certificates ({error.strerror or error})"
            raise InputError.of("connectionString: ssl-ca", authority, problem, "name a PEM file") from None
    choices = "DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY"
    raise InputError.of("connectionString: ssl-mode", mode, "is none of the choices", f"write {choices}")
