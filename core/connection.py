"""Connection strings: drivers receive them unchanged; messages show them without user, password and options.

The driver parses the string itself. The parser here finds what a message may show (scheme, hosts, database), what it must not
show (secrets), and the parts for drivers that have no parser.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from core.errors import InputError
from core.stores import Capabilities
from core.text import redacted

CONNECTION_KEY = "connectionString"
"""The setting that names an existing server."""
_SECRET_OPTIONS = (
    "password", "secret", "passphrase", "token", "credential", ".pem", "private.key", "oauthbearer.config",
    "authmechanismproperties",
)  # fmt: skip
"""An option is secret if its name contains one of these."""
_NOT_SECRET = (".url", ".location", ".file", "passwordfile")
"""Suffixes of option names whose value is a path or an address."""

_ENCODE = "percent-encode / ? @ : and % of user, password and options (%2F %3F %40 %3A %25)"
_KEYWORD = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^'\s\\]|\\.)(?:[^\s\\]|\\.)*|))(?=\s|$)")
"""A keyword and its value, with or without quotes; a backslash escapes one character."""

_NOT_IN_NAMES = re.compile(r"[^\w.~-]")


class Host(NamedTuple):
    """A server's name, address or Unix socket path, and its port; the default port if the string has none."""

    name: str
    port: int | None

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else quote(self.name, safe="%")
        return f"{name}:{self.port}" if self.port is not None else name


@dataclass(frozen=True, slots=True)
class Connection:
    """A parsed connection string. `str()` omits user, password and options."""

    text: str
    """The unchanged connection string with its secrets; only for the driver."""
    scheme: str
    hosts: tuple[Host, ...]
    path: str = ""
    """The database with a slash before it, or a folder."""
    user: str | None = None
    password: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    """Passwords, tokens and private keys, both decoded and as written."""
    key: str = CONNECTION_KEY
    """The key or argument that has the string, for messages."""

    def __str__(self) -> str:
        if self.scheme == "file":
            return self.path
        return f"{self.scheme}://{','.join(map(str, self.hosts))}{quote(self.path)}"

    def __repr__(self) -> str:
        return f"Connection({self})"

    @property
    def host(self) -> str:
        """The first host; empty for the driver's default."""
        return self.hosts[0].name if self.hosts else ""

    @property
    def port(self) -> int | None:
        """The first host's port; None for a socket and for DNS service records."""
        return self.hosts[0].port if self.hosts else None

    @property
    def database(self) -> str:
        """The path without its leading slash."""
        return self.path.removeprefix("/")

    @property
    def has_secret(self) -> bool:
        """Whether the string contains a password, a token or a private key."""
        return bool(self.secrets)

    def redacted(self, message: object) -> str:
        """Return the message of a driver or server in one line, without the secrets of the connection string."""
        return redacted(str(message), self.secrets)

    def refused(self, problem: object, remedy: str) -> InputError:
        """Return the error for a string that the driver rejects; `problem` is the driver's message."""
        return InputError(f"{self.key}: {self.redacted(problem).rstrip('.')}; {remedy}")


class _Pieces(NamedTuple):
    """The parts of a connection string, still percent-encoded."""

    scheme: str
    hosts: tuple[str, ...]
    database: str
    user: str | None
    password: str | None
    options: tuple[tuple[str, str], ...]


def parse_connection(text: str, source: Capabilities, key: str = CONNECTION_KEY) -> Connection:
    """Parse a source's connection string; the InputError for an invalid one does not repeat the string."""
    port = f":{source.port}" if source.port else ""
    expected = f"write {source.schemes[0]}://user:password@host{port}/database"
    _check_characters(text, key, expected)
    if source.libpq_connection and "://" not in text and "=" in text:
        pieces = _keyword_pieces(source.schemes[0], text, key)
    else:
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in source.schemes:
            # Text before :// that is not a known scheme may be a password.
            is_scheme = separator and scheme.isalpha() and len(scheme) < 12
            problem = f"has the scheme {scheme!r}, which {source.name} does not use" if is_scheme else "has no scheme"
            raise InputError(f"{key}: {problem}; {expected}")
        if not source.needs_server:
            return Connection(text, scheme, (), _folder(rest, key), key=key)
        pieces = _url_pieces(source, scheme, rest, key, expected)
    return _connection(text, source, pieces, key, expected)


def _connection(text: str, source: Capabilities, pieces: _Pieces, key: str, expected: str) -> Connection:
    decoded = unquote_plus if source.plus_is_space else unquote
    options = tuple((unquote(name), decoded(value)) for name, value in pieces.options)
    user = decoded(pieces.user) if pieces.user is not None else None
    password = decoded(pieces.password) if pieces.password is not None else None
    path = f"/{decoded(pieces.database)}" if pieces.database else ""
    hosts = list(pieces.hosts)
    if source.libpq_connection:
        named = dict(options)
        user, password = named.get("user", user), named.get("password", password)
        path = f"/{named['dbname']}" if named.get("dbname") else path
        hosts = _libpq_hosts(named, hosts)
    if any("\0" in part for part in (user or "", password or "", path, *(value for pair in options for value in pair))):
        raise InputError(f"{key}: has a NUL character (%00) in it, which no server accepts; {expected}")
    default_port = None if pieces.scheme.endswith("+srv") else source.port
    found = tuple(_host(host, default_port, key, expected) for host in hosts)
    # libpq has a default host.
    needs_host = not source.libpq_connection and source.socket_option not in dict(options)
    if not found and needs_host:
        raise InputError(f"{key}: names no host; {expected}")
    secrets = tuple(sorted({secret for secret in _secrets(pieces, password, options) if secret}))
    return Connection(text, pieces.scheme, found, path, user, password, options, secrets, key)


def _secrets(pieces: _Pieces, password: str | None, options: Sequence[tuple[str, str]]) -> Iterator[str | None]:
    yield from (pieces.password, unquote(pieces.password or ""), password)
    for (name, value), (_, written) in zip(options, pieces.options, strict=True):
        if _is_secret(name):
            yield from (value, written)
            # The server's messages may contain a value of MongoDB's NAME:value,NAME:value.
            yield from (part.partition(":")[2] for part in value.split(",") if "TOKEN:" in part)


def _folder(rest: str, key: str) -> str:
    machine, slash, path = rest.partition("?")[0].partition("/")
    folder = unquote(slash + path)
    if machine not in ("", "localhost") or not folder or "\0" in folder:
        raise InputError(f"{key}: does not name a folder of this machine; write file:///folder")
    return folder


def _libpq_hosts(named: Mapping[str, str], hosts: list[str]) -> list[str]:
    """Return the hosts of libpq's options `host`, `hostaddr` and `port`, each a list."""
    listed = named.get("host") or named.get("hostaddr")
    ports = named.get("port", "").split(",")
    if listed:
        hosts = [f"[{host}]" if ":" in host and not host.startswith("[") else host for host in listed.split(",")]
    if hosts and ports != [""]:
        if len(ports) == 1:
            ports *= len(hosts)
        hosts = [f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False)]
    return hosts


def _host(written: str, default_port: int | None, key: str, expected: str) -> Host:
    name, port = _read_host(written, key, expected)
    return Host(name, port if port is not None or _is_socket(name) else default_port)


def _check_characters(text: str, key: str, expected: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{key}: is not valid UTF-8 text; {expected}") from None
    if not text.isprintable():
        raise InputError(f"{key}: has a line break or another control character in it; percent-encode it")


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return any(part in lowered for part in _SECRET_OPTIONS) and not lowered.endswith(_NOT_SECRET)


def _url_pieces(source: Capabilities, scheme: str, rest: str, key: str, expected: str) -> _Pieces:
    """Split the text after `scheme://`.

    libpq allows `?` in a password. A second `@` is refused: a part of the password would be read as
    a host or a database, and shown in messages.
    """
    ends = "/" if source.libpq_connection else "/?"
    front = re.split(f"[{ends}]", rest, maxsplit=1)[0]
    user = password = None
    if "@" in front:
        login, _, rest = rest.partition("@")
        user, colon, secret = login.partition(":")
        password = secret if colon else None
    if "@" in rest:
        raise InputError(f"{key}: has an unexpected @; {_ENCODE}, or {expected}")
    before, _, query = rest.partition("?")
    authority, _, database = before.partition("/")
    hosts = tuple(authority.split(",")) if authority else ()
    pairs = (pair.partition("=") for pair in re.split(f"[{source.option_separators}]", query) if pair)
    return _Pieces(scheme, hosts, database, user, password, tuple((name, value) for name, _, value in pairs))


def _keyword_pieces(scheme: str, text: str, key: str) -> _Pieces:
    """Parse libpq's `keyword=value` form; all values are options, percent-encoded as in a URI."""
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
    return _Pieces(scheme, (), "", None, None, tuple(options))


def _read_host(written: str, key: str, expected: str) -> tuple[str, int | None]:
    """Return a host's name, address or socket path, and its port; raises InputError for an invalid host."""
    if written.startswith("["):
        name, closed, port = written[1:].partition("]")
        try:
            ipaddress.IPv6Address(unquote(name))
        except ValueError:
            closed = ""
        if not closed or (port and not port.startswith(":")):
            raise InputError(f"{key}: has an invalid IPv6 address in brackets; write it like [::1]:port")
        return unquote(name), _port(port[1:], key, expected)
    if written.startswith("/"):  # a socket among libpq's options, where nothing is encoded
        name, _, port = written.partition(":")
    else:
        name, _, port = written.partition(":")
        name = unquote(name)
    if not _is_socket(name):
        _check_name(name, key, expected)
    return name, _port(port, key, expected)


def _is_socket(name: str) -> bool:
    """Return whether a host is the path of a Unix socket, or an abstract socket of libpq."""
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
