"""PyMongo's client for the user's connection string, which PyMongo reads itself."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import SRV_SCHEME, parse_uri

from core.connection import Connection
from core.errors import InputError

_DEFAULTS: Mapping[str, object] = {
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 10_000,
    # A batch that was sent twice would be an error of duplicates: better the first error.
    "retryWrites": False,
}
"""Where the connection string says nothing else."""
_PLAIN_MS = 2_000
_TLS = re.compile("CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSL handshake failed|WRONG_VERSION_NUMBER")
_BEFORE = re.compile("Connection refused|Connection reset|timed out")


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's arguments that the string leaves open; raises InputError for a string that it cannot read."""
    given = {name.lower() for name, _ in at.options}
    with _refusing(at):
        if at.text.startswith(SRV_SCHEME):
            # Its parser would ask DNS; a client that is not connected does not.
            MongoClient(at.text, connect=False).close()
        else:
            parse_uri(at.text)
    if not at.database:
        raise InputError(f"{at.key}: names no database; write mongodb://user:password@host:27017/database")
    return {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}


def open_client(at: Connection, given: Mapping[str, Any]) -> "MongoClient[dict[str, Any]]":
    """Return a client; raises InputError for options that contradict each other or files that cannot be read."""
    with _refusing(at):
        return MongoClient(at.text, uuidRepresentation="standard", **given)


def is_permanent(said: str) -> bool:
    """Whether no server can be reached for a reason that waiting does not change."""
    return _TLS.search(said) is not None and _BEFORE.search(said) is None


def refuses_tls(at: Connection) -> bool:
    """Whether the string asks for TLS, and its first server answers without: some then wait for more of a TLS handshake.

    No login is sent.
    """
    asked = [value for name, value in at.options if name.lower() in ("tls", "ssl")]
    if asked[-1:] != ["true"] or at.text.startswith(SRV_SCHEME) or at.port is None:
        return False
    plain: MongoClient[dict[str, Any]] = MongoClient(
        at.host,
        at.port,
        tls=False,
        directConnection=True,
        serverSelectionTimeoutMS=_PLAIN_MS,
        connectTimeoutMS=_PLAIN_MS,
    )
    try:
        with plain:
            plain.admin.command("hello")
    except PyMongoError:
        return False
    return True


@contextmanager
def _refusing(at: Connection) -> Iterator[None]:
    """The driver only warns of an option that it cannot use, and goes on without: here that is an error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield
    except OSError as error:
        problem = f"{error.filename or 'a file'} cannot be read ({error.strerror or error})"
        raise at.refused(problem, "name a PEM file that the workers can read") from None
    except (UserWarning, PyMongoError, ValueError, TypeError) as error:
        raise at.refused(error, "write options that MongoDB's drivers know") from None
