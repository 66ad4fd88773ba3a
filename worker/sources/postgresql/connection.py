"""What psycopg is given with the user's connection string, which libpq reads itself."""

import difflib
import re
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, timeout_from_conninfo

from core.connection import Connection
from core.errors import InputError
from worker.sources.keepalive import LIBPQ

_DEFAULTS: dict[str, int] = {**LIBPQ, "connect_timeout": 10}
"""Where the connection string says nothing else."""
_NAMED = re.compile(r"\"([^\"]*)\"")


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's arguments that the string leaves open; raises InputError for a string that libpq cannot read."""
    try:
        given = conninfo_to_dict(at.text)
        timeout_from_conninfo(given)
    except psycopg.Error as error:
        raise _refused(at, error) from None
    return {name: value for name, value in _DEFAULTS.items() if name not in given}


def _refused(at: Connection, error: psycopg.Error) -> InputError:
    """Return libpq's complaint without what it quotes, which may be a part of a password."""
    said = str(error).strip()
    named = _NAMED.search(said)
    known = [option.keyword.decode() for option in pq.Conninfo.get_defaults()]
    nearest = difflib.get_close_matches(named[1], known, n=1) if named else []
    remedy = f"did you mean {nearest[0]}?" if nearest else "write it as libpq's documentation has it"
    return at.refused(_NAMED.sub("", said).strip(" \n:;,"), remedy)
