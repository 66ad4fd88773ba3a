"""The grammar of connection strings: scheme://user:password@host:port,host:port/database?option=value, and libpq's keywords."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import unquote

from core.errors import InputError

_ENCODE = "percent-encode / ? @ : and % of user, password and options (%2F %3F %40 %3A %25)"
_KEYWORD = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^'\s\\]|\\.)(?:[^\s\\]|\\.)*|))(?=\s|$)")
"""A name, and a value that is quoted or is not; a backslash quotes one character."""

_NOT_IN_NAMES = re.compile(r"[^\w.~-]")


class Pieces(NamedTuple):
    """The parts of a connection string as they are written, percent-encoded."""

    scheme: str
    hosts: tuple[str, ...]
    database: str
    user: str | None
    password: str | None
    options: tuple[tuple[str, str], ...]


def url_pieces(scheme: str, rest: str, key: str, expected: str, *, question_in_password: bool) -> Pieces:
    """Split what is behind `scheme://`.

    libpq lets a password have a `?` (`question_in_password`). An `@` further on is refused: a part of the password would
    be taken for a host or a database, and shown.
    """
    ends = "/" if question_in_password else "/?"
    front = re.split(f"[{ends}]", rest, maxsplit=1)[0]
    user = password = None
    if "@" in front:
        login, _, rest = rest.partition("@")
        user, colon, secret = login.partition(":")
        password = secret if colon else None
    if "@" in rest:
        raise InputError(f"{key}: has an @ where none may be; {_ENCODE}, or {expected}")
    before, _, query = rest.partition("?")
    authority, _, database = before.partition("/")
    hosts = tuple(authority.split(",")) if authority else ()
    pairs = (pair.partition("=") for pair in re.split("[&;]" if scheme.startswith("mongodb") else "&", query) if pair)
    return Pieces(scheme, hosts, database, user, password, tuple((name, value) for name, _, value in pairs))


def keyword_pieces(text: str, key: str) -> Pieces:
    """Read libpq's `keyword=value` form; what it means is in the options, percent-encoded as they would be in a URI."""
    options, position = [], 0
    while text[position:].strip():
        found = _KEYWORD.match(text, position)
        if found is None:
            raise InputError(
                f"{key}: cannot be read as keyword=value pairs; put a value with spaces or quotes in single quotes, and a "
                "backslash before each quote and backslash in it"
            )
        value = found[2] if found[2] is not None else found[3]
        options.append((found[1], re.sub(r"\\(.)", r"\1", value).replace("%", "%25")))
        position = found.end()
    return Pieces("postgresql", (), "", None, None, tuple(options))


def read_host(written: str, key: str, expected: str) -> tuple[str, int | None]:
    """Return a host's name, address or socket path, and its port; raises InputError for what can be none of them."""
    if written.startswith("["):
        name, closed, port = written[1:].partition("]")
        try:
            ipaddress.IPv6Address(unquote(name))
        except ValueError:
            closed = ""
        if not closed or (port and not port.startswith(":")):
            raise InputError(f"{key}: names no valid IPv6 address in its brackets; write it like [::1]:port")
        return unquote(name), _port(port[1:], key, expected)
    if written.startswith("/"):  # a socket among libpq's options, where nothing is encoded
        name, _, port = written.partition(":")
    else:
        name, _, port = written.partition(":")
        name = unquote(name)
    if not is_socket(name):
        _check_name(name, key, expected)
    return name, _port(port, key, expected)


def is_socket(name: str) -> bool:
    """Whether a host is the path of a Unix socket, or libpq's abstract one."""
    return name.startswith(("/", "@"))


def _port(written: str, key: str, expected: str) -> int | None:
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) < 6 and 0 < int(written) < 65536):
        raise InputError(f"{key}: its port is not a number from 1 to 65535; {_ENCODE}, or {expected}")
    return int(written)


def _check_name(name: str, key: str, expected: str) -> None:
    try:
        valid = bool(name.removesuffix(".").encode("idna")) and not _NOT_IN_NAMES.search(name)
    except UnicodeError:  # an empty label, or one that is too long
        valid = False
    if not valid:
        raise InputError(f"{key}: its host is not a valid name or address; {expected}")
