"""The driver's connection, as rows in bulk want it, and its arguments for TLS."""

import ssl
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import CLIENT, COMMAND, CR
from pymysql.protocol import OKPacketWrapper

from spec.connection import Connection
from spec.errors import InputError
from worker.sources.keepalive import keep_alive

_PACKET_BYTES = 64 * 1024
"""Few for us, and each is soon whole for the server, which reads the rows of one while the next is on its way."""


@dataclass(frozen=True)
class Loaded:
    """What the server says of a LOAD DATA statement."""

    rows: int
    warnings: int


class RowConnection(pymysql.Connection):  # type: ignore[misc]
    """The driver's, and LOAD DATA LOCAL from memory.

    The driver would send a file in packets of 16 KiB, each a turn in which the generator takes the interpreter; and it would
    send the server any file that the server asks for. This one reads none.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(client_flag=CLIENT.LOCAL_FILES, **arguments)

    def connect(self, sock: Any = None) -> None:
        """As the driver does; a server that goes without a word is missed."""
        super().connect(sock)
        keep_alive(self._sock)

    def load(self, statement: str, data: memoryview) -> Loaded:
        """Execute a LOAD DATA LOCAL INFILE whose file is these bytes; raises what the driver raises.

        The protocol: dev.mysql.com, page_protocol_com_query_response_local_infile_request.
        """
        self._execute_command(COMMAND.COM_QUERY, statement)
        if not self._read_packet().is_load_local_packet():
            raise pymysql.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "the server did not ask for the rows")
        for first in range(0, len(data), _PACKET_BYTES):
            self.write_packet(data[first : first + _PACKET_BYTES])
        self.write_packet(b"")
        done = OKPacketWrapper(self._read_packet())
        return Loaded(done.affected_rows, done.warning_count)


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
