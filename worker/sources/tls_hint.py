"""Name TLS in the error about a server that lacks it: such a server looks like one that is starting."""

from collections.abc import Callable

from core.connection import Connection
from core.errors import ServerError


def connect_or_name_tls(
    connect: Callable[[], None], at: Connection, server_lacks_tls: Callable[[Connection], bool], remedy: str
) -> None:
    """Call `connect`. If it fails because the string requires TLS and the server lacks it, raise a permanent ServerError."""
    try:
        connect()
    except ServerError as error:
        if not (error.transient and server_lacks_tls(at)):
            raise
    else:
        return
    try:
        # The server may have started in the meantime; otherwise waiting does not help.
        connect()
    except ServerError as error:
        if not error.transient:
            raise
        raise ServerError(f"{at}: the server speaks no TLS; {remedy}", transient=False) from error
