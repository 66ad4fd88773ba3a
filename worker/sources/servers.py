"""Helpers of the stores with a server: keep-alive, remedies, and messages about tables that exist before the run."""

import socket
from collections.abc import Collection, Mapping, Sequence

from core.connection import Connection
from core.errors import ServerError

MORE_DISK = "give the server more disk (databaseMemoryLimit is what databaseTmpfs takes its RAM disk from)"
LOST = (
    "see the server's log for why it went away: a full disk or too little memory ends it (databaseMemoryLimit is its "
    "memory, and what databaseTmpfs takes its RAM disk from)"
)
_FULL = "no space left on device"

# How soon a silent server counts as lost, for example after its machine or container is gone. Linux alone would wait for two
# hours on an idle connection, and for a quarter of an hour with unacknowledged data.
IDLE_SECONDS, INTERVAL_SECONDS, PROBES = 10, 5, 3
UNACKNOWLEDGED_SECONDS = 30
"""Longer than a brief network interruption."""
LIBPQ_KEEPALIVE: Mapping[str, int] = {
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": INTERVAL_SECONDS,
    "keepalives_count": PROBES,
    "tcp_user_timeout": UNACKNOWLEDGED_SECONDS * 1000,
}
"""The same limits as options of libpq's connection string."""
_SOCKET_OPTIONS = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPINTVL": INTERVAL_SECONDS,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": UNACKNOWLEDGED_SECONDS * 1000,
}


def keep_alive(connection: socket.socket) -> None:
    """Set the options that this system has; do nothing for a socket that is not TCP."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _SOCKET_OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def is_disk_full(message: str) -> bool:
    """Return whether a server's message contains the operating system's text for a full disk; the error code does not tell."""
    return _FULL in message.lower()


def exists_error(what: str, name: str, at: Connection) -> ServerError:
    """Return the error for a table with the right shape that exists while `onExisting` is `fail`."""
    return ServerError(
        f"{what} {name!r} exists at {at}; set loadtest:onExisting to empty or append, or drop the {what}"
    )


def shape_error(
    what: str, at: Connection, complaints: Mapping[str, Sequence[str]], existing: Collection[str]
) -> ServerError:
    """Return an error with all complaints, by the name of the table, collection, label or topic.

    `existing` has the names that exist.
    """
    every = "; ".join(f"{name}: {complaint}" for name, found in complaints.items() for complaint in found)
    shown = ", ".join(repr(name) for name, found in complaints.items() if found and name in existing)
    where = f"{what} {shown} exists at {at} in another shape" if shown else f"{at}"
    return ServerError(f"{where}: {every}")
