"""Detect a server that stops responding: TCP options for its connections."""

import socket
from collections.abc import Mapping

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
