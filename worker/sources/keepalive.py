"""How soon a server is missed that went without a word, as one does whose machine, or container, is gone.

Linux would wait for two hours where nothing is on its way to the server, and a quarter of an hour where something is.
"""

import socket
from collections.abc import Mapping

IDLE_SECONDS, INTERVAL_SECONDS, PROBES = 10, 5, 3
UNACKNOWLEDGED_SECONDS = 30
"""Longer than a network is away for a moment."""

LIBPQ: Mapping[str, int] = {
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": INTERVAL_SECONDS,
    "keepalives_count": PROBES,
    "tcp_user_timeout": UNACKNOWLEDGED_SECONDS * 1000,
}
"""The same as options of a connection string."""

_OPTIONS = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPINTVL": INTERVAL_SECONDS,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": UNACKNOWLEDGED_SECONDS * 1000,
}


def keep_alive(connection: socket.socket) -> None:
    """Set what this system knows of it; nothing for a socket that is no TCP."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
