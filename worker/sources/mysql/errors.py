"""Translate errors of MySQL, MariaDB and PyMySQL into one line with a remedy.

Sources of the codes: dev.mysql.com, "Server Error Message Reference" and "Client Error Message Reference"; mariadb.com,
"MariaDB Error Codes". Both servers have the same codes below 1900.
"""

import ssl

import pymysql
from pymysql.constants import CR, ER

from core.connection import Connection
from core.errors import ServerError
from core.settings_key import setting_key
from worker.sources.known_errors import UNKNOWN, Known, KnownErrors, each
from worker.sources.server_messages import LOST, MORE_DISK, is_disk_full

_CHANGED = "drop the table, or restore its columns, and change it no more during a run"
_MEMORY = "give the server more memory with databaseMemoryLimit"
_PACKET = "raise the server's max_allowed_packet, or make the rows smaller"
_VALUES = "use a column type in the schema that holds the generator's values, and give the table the same type"

KNOWN = KnownErrors(
    Known(0, "a server or proxy that refused a packet", _PACKET, "Packet sequence number wrong"),
    *each((1004, 1024, 1026, 1030, 1878), "a full disk", MORE_DISK, "28[^0-9]|No space left"),
    *each((1004, 1024, 1026, 1030, 1878), "a failed file of the server", "check the server's disk and its file system"),
    Known(1005, "too many columns", "use at most 1,017 columns", "errno: 185"),
    Known(1005, "a foreign key", "drop the foreign key, or load the table that it names in the same run", "errno: 150"),
    Known(1005, "a full disk", MORE_DISK, "errno: 28"),
    Known(1005, "a table that the server cannot create",
          "correct the table in the schema: SHOW WARNINGS after CREATE TABLE has the reason"),
    *each((1015, 1099, 1100), "a lock of the session", "remove LOCK TABLES from the server's init_connect"),
    *each((1020, 1213, 1614), "another program that writes to the table",
          f"stop other programs from writing to the table, or set {setting_key('retries')}"),
    *each((1021, 1114), "a full disk", MORE_DISK),
    *each((1022, 1062, 1586), "a key or unique value that another row has",
          f"remove the other rows ({setting_key('onExisting')}: empty), or drop the unique index that the message names"),
    *each((1034, 1035, 1194, 1195, 1712), "a damaged table", "drop the table, and run again"),
    *each((1036, 1207, 1792, 1836), "a server, session or table that may only be read", "connect to a server that may write"),
    *each((1037, 1041), "too little memory", _MEMORY),
    Known(1038, "a sort that needs more memory", "raise the server's sort_buffer_size"),
    Known(1040, "too many sessions", "lower workers, or raise the server's max_connections", transient=True),
    Known(1042, "a host whose name the server cannot resolve", "set the server's skip_name_resolve, or correct its DNS"),
    *each((1043, 1156, 1157), "a server or proxy that speaks another protocol", "connect to MySQL itself, without a proxy"),
    Known(1044, "a database that the user may not use", "check the database's name, and grant the user ALL on it"),
    *each((1045, 1698), "a wrong user or password", "check user and password in the connection string"),
    Known(1046, "a connection without a database", "name the database in the connection string"),
    *each((1048, 1263, 1364), "a NOT NULL column without a value",
          "drop the column's NOT NULL, give it a default, or declare the schema's column not nullable"),
    Known(1049, "a database that does not exist", "create the database, or name another in the connection string"),
    Known(1050, "a table that exists already", f"drop the table, or set {setting_key('onExisting')} to empty"),
    *each((1051, 1109, 1146), "a table that does not exist",
          "run `worker prepare` first, and do not drop the table during a run"),
    Known(1053, "a server that stops", "wait until the server accepts connections", transient=True),
    *each((1054, 1058, 1136, 1412), "a table that changed during the run", _CHANGED),
    *each((1059, 1102, 1103, 1166), "a name that the server refuses",
          "rename the table or column in the schema: at most 64 characters, without a space at the end"),
    Known(1060, "two columns with one name", "rename one of the columns in the schema; MySQL ignores case"),
    *each((1064, 1115, 1193, 1235, 1273, 1286), "a server that lacks a feature",
          "connect to MySQL 8.0 or MariaDB 10.11, or later"),
    *each((1067, 1101), "an invalid default", "remove the column's default"),
    *each((1071, 1709), "a key that is too long",
          "shorten the key's column: an index holds 3,072 bytes, four for each character"),
    *each((1073, 1170, 1171, 3152), "a type that no key can have", "use an integer, uuid or varchar for the key"),
    *each((1074, 1439), "a column that is too long", "shorten the column, or use the type text"),
    *each((1077, 1079, 1152, 1184), "a server that ended the session", LOST),
    Known(1097, "too many values of a set or enum", "use at most 64 values in a set, and 65,535 in an enum"),
    Known(1117, "too many columns", "use at most 1,017 columns"),
    Known(1118, "a row wider than the table's row format",
          "use fewer or shorter columns, or the type text: a row has 65,535 bytes, and a page of InnoDB half of 16 KiB"),
    Known(1129, "a host with too many failed connections", "run FLUSH HOSTS on the server, and correct what failed before"),
    Known(1130, "a host that may not connect", "create the user for the workers' hosts: 'user'@'%'"),
    Known(1135, "too many threads", "lower workers, or raise the server's limits of processes and memory"),
    *each((1142, 1143), "a missing right on a table",
          "grant the user the right that the message names; a run needs CREATE, INSERT, SELECT, DELETE and DROP"),
    *each((1148, 3948, 4166), "LOAD DATA LOCAL that the server forbids",
          f"set the server's local_infile to 1, or set {setting_key('method')} to insert"),
    Known(1153, "a packet larger than the server accepts", _PACKET),
    *each((1155, 1158, 1159, 1160, 1161), "a lost connection", LOST),
    Known(1180, "a commit that failed", MORE_DISK),
    Known(1197, "a transaction larger than the server's binary log takes", "lower batchSize, or raise max_binlog_cache_size"),
    Known(1203, "too many sessions of the user", "lower workers, or raise the user's MAX_USER_CONNECTIONS", transient=True),
    Known(1205, "a table or rows that another session has locked",
          "end the session that holds the table or its rows (SHOW PROCESSLIST), or wait until it has ended"),
    Known(1206, "more locks than the buffer pool holds", "raise the server's innodb_buffer_pool_size, or lower batchSize"),
    *each((1216, 1217, 1451, 1452), "a foreign key", "drop the foreign key, or load the table that it names in the same run"),
    Known(1226, "a limit of the user's account",
          "lower workers or raise batchSize, or raise the user's limit that the message names"),
    Known(1227, "a missing right of the server", "grant the user the privilege that the message names"),
    Known(1251, "a method of authentication that the driver lacks",
          "use the authentication plugin caching_sha2_password for the user"),
    *each((1261, 1262), "a table that changed during the run", _CHANGED),
    *each((1264, 1265, 1406, 1690), "a value that its column cannot hold", _VALUES),
    *each((1289, 3161), "an engine that is off", "enable InnoDB on the server"),
    Known(1290, "a server that may only be read", "connect to a server that may write", "read.only"),
    Known(1290, "an option of the server", "start the server without the option that the message names"),
    Known(1291, "an enum or set with a value twice", "remove one of the values in the schema; MySQL ignores case"),
    *each((1292, 1366, 1411, 1525), "a value that its column cannot hold", _VALUES),
    *each((1300, 3854), "a character that the column's character set lacks", "use CHARACTER SET utf8mb4 for the column"),
    *each((1305, 1442, 1644), "a trigger that failed", "drop the table's trigger, or change what it refuses"),
    *each((1317, 1927), "a statement or session that someone ended", "do not end the run's sessions (KILL), and run again"),
    Known(1365, "a generated column or trigger that divides by zero", "drop the generated column or trigger"),
    Known(1416, "a value that is not a point", _VALUES),
    *each((1425, 1426, 1427), "an invalid precision or scale",
          "use a decimal of at most 65 digits, 30 of them after the point, and not more than all"),
    Known(1449, "a user of a trigger or view who does not exist",
          "drop the table's trigger, or create the user that the message names"),
    Known(1526, "a row that no partition takes", "add a partition for MAXVALUE to the table"),
    Known(1701, "a table that a foreign key references",
          "drop the foreign key, or load the table that has it in the same run"),
    *each((1820, 1862), "an expired password", "set a new password for the user (ALTER USER)"),
    *each((1906, 3105), "a generated column", "make it a plain column: MODIFY it without GENERATED ALWAYS AS"),
    *each((1969, 3024), "a timeout of the server", "set the server's max_execution_time (MariaDB: max_statement_time) to 0"),
    *each((2002, 2003, 2005), "a server that cannot be reached", "check that the server is up and reachable", transient=True),
    *each((2006, 2013), "a lost connection", LOST, transient=True),
    *each((2007, 2014, 2027), "a server or proxy that speaks another protocol", "connect to MySQL itself, without a proxy"),
    Known(2026, "a failed TLS handshake",
          "check ssl-mode, the authority in ssl-ca, and the name that the certificate is for"),
    Known(2059, "a method of authentication that the driver lacks",
          "use the authentication plugin caching_sha2_password for the user"),
    *each((3118, 4151), "a locked account", "unlock the user (ALTER USER ... ACCOUNT UNLOCK)"),
    *each((3140, 3144, 3146), "a value that is not JSON", "use a generator of JSON values for the column"),
    Known(3159, "a server that requires TLS", "write ssl-mode=REQUIRED or VERIFY_IDENTITY"),
    Known(3750, "a table without a primary key", "give the table a primary key"),
    *each((3819, 4025), "a CHECK constraint", "drop the constraint that the message names"),
    Known(4031, "an idle session that the server ended", "raise the server's wait_timeout"),
)  # fmt: skip


def server_error(error: pymysql.MySQLError, at: Connection) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if isinstance(getattr(error, "original_exception", None), ssl.SSLError):
        # The driver reports it as a server that cannot be reached.
        code = CR.CR_SSL_CONNECTION_ERROR
    message = at.redacted(error.args[-1] if error.args else type(error).__name__)
    known = KNOWN.find(code, message)
    return ServerError(f"{at}: {message}; {remedy_of(code, message)}", transient=known is not None and known.transient)


def remedy_of(code: int, message: str) -> str:
    """Return the remedy for an error or a warning of the server."""
    known = KNOWN.find(code, message)
    return known.remedy if known else MORE_DISK if is_disk_full(message) else UNKNOWN


def packet_error(row_bytes: int, most: int) -> pymysql.OperationalError:
    """Return the driver's error for a row that no packet takes: after sending it, the connection would be lost."""
    return pymysql.OperationalError(
        ER.NET_PACKET_TOO_LARGE, f"a row of {row_bytes:,} bytes is larger than max_allowed_packet ({most:,} bytes)"
    )
