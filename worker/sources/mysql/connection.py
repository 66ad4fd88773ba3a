"""Connect to MySQL or MariaDB: the driver's arguments, LOAD DATA from memory, and the session variables that are fixed.

The driver has no parser of connection strings. No setting of the server may change what is stored or read.
"""

import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.constants import CLIENT, COMMAND, CR
from pymysql.cursors import Cursor
from pymysql.protocol import MysqlPacket, OKPacketWrapper

from core.connection import Connection
from core.errors import InputError, ServerError
from core.files import reason_of
from worker.sources.keep_alive import keep_alive
from worker.sources.mysql.text_protocol import row_batches

_PACKET_BYTES = 64 * 1024
"""Large enough for few packets, small enough for the server to read one while the next is sent."""
_LEAST_PACKET = 1024 * 1024
"""The limit to assume before the server's own is known: the smallest default of a supported server."""

_SQL_MODE = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""The complete sql_mode: an automatic key of 0 stays 0, backslashes escape, double quotes delimit strings."""

_BOTH: Mapping[str, str | int] = {
    "sql_mode": _SQL_MODE,
    "time_zone": "+00:00",
    "autocommit": 0,
    "unique_checks": 1,
    "foreign_key_checks": 0,
    "sql_safe_updates": 0,
    "sql_auto_is_null": 0,
    "sql_big_selects": 1,
    "sql_select_limit": 2**64 - 1,
    "sql_notes": 1,
    "completion_type": "NO_CHAIN",
    "innodb_lock_wait_timeout": 50,
    "lock_wait_timeout": 86_400,
    "net_read_timeout": 60,
    "net_write_timeout": 600,
    "wait_timeout": 28_800,
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_results": "utf8mb4",
    "collation_connection": "utf8mb4_bin",
}
"""`foreign_key_checks`: workers load a table and the one that it references at the same time (docs/sources.md)."""
_MYSQL: Mapping[str, str | int] = {"max_execution_time": 0}
_MARIADB: Mapping[str, str | int] = {
    "max_statement_time": 0,
    "max_error_count": 64,
    "check_constraint_checks": 1,
    "idle_transaction_timeout": 0,
    "idle_readonly_transaction_timeout": 0,
    "idle_write_transaction_timeout": 0,
    "sql_if_exists": 0,
}
_NOT_SETTABLE: Mapping[str, str] = {"system_versioning_asof": "DEFAULT"}
"""Variables of MariaDB whose value no session can choose."""
_TRANSACTIONS = ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET SESSION TRANSACTION READ WRITE")
"""READ COMMITTED locks no gaps between keys, on which workers that delete their rows could deadlock."""


@dataclass(frozen=True)
class Loaded:
    """The server's answer to a LOAD DATA statement."""

    rows: int
    warnings: int


class RowConnection(pymysql.Connection):  # type: ignore[misc]
    """The driver's connection, with LOAD DATA LOCAL from memory.

    The driver itself would send a file in packets of 16 KiB, and the generator's thread could take the interpreter lock
    after each packet. It would also send any file that the server requests. This class reads no file.
    """

    def __init__(self, **arguments: Any) -> None:
        self.most_bytes = _LEAST_PACKET
        super().__init__(client_flag=CLIENT.LOCAL_FILES, **arguments)

    def read_limit(self, cursor: Cursor) -> None:
        """Read how many bytes of a packet the server accepts: it closes the connection after a larger one."""
        cursor.execute("SELECT @@SESSION.max_allowed_packet")
        ((self.most_bytes,),) = cursor.fetchall()

    def connect(self, sock: Any = None) -> None:
        """Connect as the driver does, and detect a server that stops responding."""
        super().connect(sock)
        keep_alive(self._sock)

    def load(self, statement: str, data: memoryview) -> Loaded:
        """Execute a LOAD DATA LOCAL INFILE whose file is these bytes; raise the driver's errors.

        The protocol: dev.mysql.com, page_protocol_com_query_response_local_infile_request.
        """
        self._execute_command(COMMAND.COM_QUERY, statement)
        if not self._read_packet().is_load_local_packet():
            raise pymysql.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "the server did not ask for the rows")
        size = min(_PACKET_BYTES, self.most_bytes // 2)
        for first in range(0, len(data), size):
            self.write_packet(data[first : first + size])
        self.write_packet(b"")
        done = OKPacketWrapper(self._read_packet())
        return Loaded(done.affected_rows, done.warning_count)

    def rows(self, query: str) -> Generator[pa.Array, None, None]:
        """Execute a SELECT and yield batches of its rows as `text_protocol` describes them; raise the driver's errors.

        The connection is closed if not all rows are taken: the server would send the others before it reads a command.
        """
        self._execute_command(COMMAND.COM_QUERY, query)
        for _ in range(self._read_packet().read_length_encoded_integer() + 1):
            self._read_packet()
        try:
            last = yield from row_batches(self._read_some)
        except BaseException:
            self._force_close()
            raise
        MysqlPacket(last, self.encoding).check_error()

    def _read_some(self, into: memoryview) -> int:
        """Read as many bytes as have arrived, at least one."""
        try:
            # `readinto1` would wait for more after the bytes in its buffer.
            data: bytes = self._rfile.read1(len(into))
        except OSError as error:
            raise pymysql.OperationalError(CR.CR_SERVER_LOST, f"Lost connection to MySQL server ({error})") from error
        if not data:
            raise pymysql.OperationalError(CR.CR_SERVER_LOST, "Lost connection to MySQL server during query")
        into[: len(data)] = data
        return len(data)


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's arguments; raise InputError for what the driver cannot do."""
    given = dict(at.options)
    if len(at.hosts) > 1:
        raise at.refused("names several hosts, but the driver connects to only one", "name one server")
    socket = given.get("socket") or (at.host if at.host.startswith("/") else None)
    place: dict[str, Any] = {"unix_socket": socket} if socket else {"host": at.host, "port": at.port}
    # In bytes: the driver would encode a text as Latin-1.
    login = {"user": at.user, "password": (at.password or "").encode()}
    return {**place, **login, "database": at.database or None, **_tls(at, given)}


def _tls(at: Connection, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the driver's arguments for `ssl-mode` and its files, which have the names of the server's own clients."""
    mode, authority = given.get("ssl-mode", "PREFERRED").upper(), given.get("ssl-ca")
    if authority is not None and not mode.startswith("VERIFY"):
        useless = f"has no effect with ssl-mode {mode}, which verifies nothing"
        raise InputError.of(f"{at.key}: ssl-ca", authority, useless, "write ssl-mode=VERIFY_IDENTITY")
    certificate, key = given.get("ssl-cert"), given.get("ssl-key")
    if certificate is not None and mode in ("DISABLED", "PREFERRED"):
        useless = f"has no effect with ssl-mode {mode}, which does not ask for TLS"
        raise InputError.of(f"{at.key}: ssl-cert", certificate, useless, "write ssl-mode=REQUIRED or VERIFY_IDENTITY")
    if key is not None and certificate is None:
        raise InputError.of(f"{at.key}: ssl-key", key, "has no certificate", "name one with ssl-cert")
    if mode in ("DISABLED", "PREFERRED"):
        return {"ssl_disabled": True} if mode == "DISABLED" else {}
    context = _context(at, authority)
    context.check_hostname = mode == "VERIFY_IDENTITY"
    context.verify_mode = ssl.CERT_NONE if mode == "REQUIRED" else ssl.CERT_REQUIRED
    if certificate is not None:
        try:
            # An empty password, because OpenSSL would prompt for one at the terminal.
            context.load_cert_chain(certificate, key, password="")
        except OSError as error:
            problem = f"cannot be read with its key ({at.redacted(reason_of(error))})"
            remedy = "name PEM files, the key in ssl-key without a passphrase"
            raise InputError.of(f"{at.key}: ssl-cert", certificate, problem, remedy) from None
    return {"ssl": context}


def _context(at: Connection, authority: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # no such file, or one without certificates
        problem = f"cannot be read as certificates ({reason_of(error)})"
        raise InputError.of(f"{at.key}: ssl-ca", authority, problem, "name a PEM file") from None


def is_mariadb(server_version: str) -> bool:
    """Return whether a version that the server sent is MariaDB's."""
    return "mariadb" in server_version.lower()


def fixed_variables(mariadb: bool) -> Mapping[str, str | int]:
    """Return the session variables that a connection sets, with their values."""
    return {**_BOTH, **(_MARIADB if mariadb else _MYSQL)}


def fix_session(cursor: Cursor, at: Connection, mariadb: bool) -> None:
    """Set every session variable that matters; raise ServerError with the name of one that cannot be set."""
    # The server's init_connect may have left a transaction open.
    cursor.execute("ROLLBACK")
    for statement in _TRANSACTIONS:
        cursor.execute(statement)
    variables = fixed_variables(mariadb)
    # Set only the variables that differ: some need a right that the user may lack.
    for variable, value in _differing(cursor, variables).items():
        try:
            cursor.execute(f"SET SESSION {variable} = %s", [variables[variable]])
        except pymysql.MySQLError as error:
            raise _unfixable(at, variable, variables[variable], f"is {value!r}: {error.args[-1]}") from error
    for variable, value in _differing(cursor, {**variables, **(_NOT_SETTABLE if mariadb else {})}).items():
        raise _unfixable(at, variable, value, "the server allows no other value")


def _differing(cursor: Cursor, variables: Mapping[str, str | int]) -> Mapping[str, object]:
    """Return the current values of the variables that differ from the given ones."""
    cursor.execute(f"SELECT {', '.join(f'@@SESSION.{variable}' for variable in variables)}")
    (found,) = cursor.fetchall()
    return {
        variable: in_force
        for (variable, value), in_force in zip(variables.items(), found, strict=True)
        if _comparable(in_force) != _comparable(value)
    }


def _comparable(value: object) -> object:
    if value is None or isinstance(value, str):
        return sorted((value or "").upper().split(","))
    return int(str(value).split(".", maxsplit=1)[0])


def _unfixable(at: Connection, variable: str, value: object, problem: str) -> ServerError:
    return ServerError(
        f"{at}: session variable {variable}: {value!r} cannot be fixed ({problem}); "
        "set it on the server, or grant the user SESSION_VARIABLES_ADMIN"
    )
