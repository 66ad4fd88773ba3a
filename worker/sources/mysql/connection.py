"""The driver's connection, as rows in bulk want it, and its arguments: it has no parser of connection strings."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import CLIENT, COMMAND, CR
from pymysql.protocol import OKPacketWrapper

from core.connection import Connection
from core.errors import InputError
from worker.sources.keepalive import keep_alive

_PACKET_BYTES = 64 * 1024
"""Few for us, and each is soon whole for the server, which reads the rows of one while the next is on its way."""

_OPTIONS = ("ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket")
_MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")


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


def arguments(at: Connection) -> dict[str, Any]:
    """Return where and as whom the driver connects; raises InputError for what it cannot do."""
    given = at.parameters(_OPTIONS)
    if len(at.hosts) > 1:
        raise at.refused("names several hosts, and the driver connects to one", "name one server")
    socket = given.get("socket") or (at.host if at.host.startswith("/") else None)
    place: dict[str, Any] = {"unix_socket": socket} if socket else {"host": at.host, "port": at.port}
    # As bytes: the driver would encode a text as Latin-1.
    login = {"user": at.user, "password": (at.password or "").encode()}
    return {**place, **login, "database": at.database or None, **_tls(at, given)}


def _tls(at: Connection, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the driver's arguments for what `ssl-mode` asks for, as the server's own clients spell it."""
    mode, authority = given.get("ssl-mode", "PREFERRED").upper(), given.get("ssl-ca")
    if mode not in _MODES:
        raise InputError.of(f"{at.key}: ssl-mode", mode, "is none of the choices", f"write {', '.join(_MODES)}")
    if authority is not None and not mode.startswith("VERIFY"):
        useless = f"is of no use with ssl-mode {mode}, which verifies nothing"
        raise InputError.of(f"{at.key}: ssl-ca", authority, useless, "write ssl-mode=VERIFY_IDENTITY")
    certificate, key = given.get("ssl-cert"), given.get("ssl-key")
    if certificate is not None and mode in ("DISABLED", "PREFERRED"):
        useless = f"is of no use with ssl-mode {mode}, which does not ask for TLS"
        raise InputError.of(f"{at.key}: ssl-cert", certificate, useless, "write ssl-mode=REQUIRED or VERIFY_IDENTITY")
    if key is not None and certificate is None:
        raise InputError.of(f"{at.key}: ssl-key", key, "has no certificate", "name one by ssl-cert")
    if mode in ("DISABLED", "PREFERRED"):
        return {"ssl_disabled": True} if mode == "DISABLED" else {}
    context = _context(at, authority)
    context.check_hostname = mode == "VERIFY_IDENTITY"
    context.verify_mode = ssl.CERT_NONE if mode == "REQUIRED" else ssl.CERT_REQUIRED
    if certificate is not None:
        try:
            # An empty password: OpenSSL would ask for one at the terminal.
            context.load_cert_chain(certificate, key, password="")
        except OSError as error:
            problem = f"cannot be read with its key ({at.redacted(error.strerror or error)})"
            remedy = "name PEM files, the key in ssl-key without a passphrase"
            raise InputError.of(f"{at.key}: ssl-cert", certificate, problem, remedy) from None
    return {"ssl": context}


def _context(at: Connection, authority: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # no such file, or one without certificates
        problem = f"cannot be read as certificates ({error.strerror or error})"
        raise InputError.of(f"{at.key}: ssl-ca", authority, problem, "name a PEM file") from None
