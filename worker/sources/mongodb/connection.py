"""PyMongo's client for the user's connection string, which PyMongo reads itself."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import SRV_SCHEME, parse_uri

from core.connection import Connection
from core.errors import InputError
from core.files import reason_of

_DEFAULTS: Mapping[str, object] = {
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 10_000,
    # A batch that is sent twice fails with duplicate keys, which would hide the first error.
    "retryWrites": False,
}
"""Arguments that the connection string may replace."""
_PLAIN_TIMEOUT_MS = 2_000


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's arguments that the string does not set; raise InputError for a string that it cannot read."""
    given = {name.lower() for name, _ in at.options}
    with _translate_refusals(at):
        if at.text.startswith(SRV_SCHEME):
            # The parser would query DNS; a client that is not connected does not.
            MongoClient(at.text, connect=False).close()
        else:
            parse_uri(at.text)
    if not at.database:
        raise InputError(f"{at.key}: names no database; write mongodb://user:password@host:27017/database")
    return {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}


def open_client(at: Connection, given: Mapping[str, Any]) -> "MongoClient[dict[str, Any]]":
    """Return a client; raise InputError for options that contradict each other or files that cannot be read."""
    with _translate_refusals(at):
        return MongoClient(at.text, uuidRepresentation="standard", **given)


def server_lacks_tls(at: Connection) -> bool:
    """Return whether the string requires TLS, and its first server answers without TLS. No login is sent.

    Some servers without TLS do not refuse a TLS handshake: they wait for more of it.
    """
    asked = [value for name, value in at.options if name.lower() in ("tls", "ssl")]
    if asked[-1:] != ["true"] or at.text.startswith(SRV_SCHEME) or at.port is None:
        return False
    plain: MongoClient[dict[str, Any]] = MongoClient(
        at.host,
        at.port,
        tls=False,
        directConnection=True,
        serverSelectionTimeoutMS=_PLAIN_TIMEOUT_MS,
        connectTimeoutMS=_PLAIN_TIMEOUT_MS,
    )
    try:
        with plain:
            plain.admin.command("hello")
    except PyMongoError:
        return False
    return True


@contextmanager
def _translate_refusals(at: Connection) -> Iterator[None]:
    """Raise InputError for the driver's errors, and for its warnings of options that it cannot use."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield
    except OSError as error:
        problem = f"{error.filename or 'a file'} cannot be read ({reason_of(error)})"
        raise at.refused(problem, "name a PEM file that the workers can read") from None
    except (UserWarning, PyMongoError, ValueError, TypeError) as error:
        raise at.refused(error, "write options that MongoDB's drivers know") from None
