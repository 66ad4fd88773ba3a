"""Connection strings: kept as the user wrote them, for the driver; shown without user, password and options.

The driver's own parser reads the string. What is read here is what a message shows (scheme, hosts, database), what must be
kept out of messages (secrets), and, for drivers without a parser of their own, the parts.
"""

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from core.errors import InputError
from core.stores import Capabilities
from core.text import redacted

_SECRET_OPTIONS = (
    "password", "secret", "passphrase", "token", "credential", ".pem", "private.key", "oauthbearer.config",
    "authmechanismproperties",
)  # fmt: skip
"""An option is secret if its name has one of these in it."""
_NOT_SECRET = (".url", ".location", ".file", "passwordfile")
"""Endings of names that name a place."""

_ENCODE = "percent-encode / ? @ : and % of user, password and options (%2F %3F %40 %3A %25)"
_KEYWORD = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^'\s\\]|\\.)(?:[^\s\\]|\\.)*|))(?=\s|$)")
"""A name, and a value that is quoted or is not; a backslash quotes one character."""

_NOT_IN_NAMES = re.compile(r"[^\w.~-]")


class Host(NamedTuple):
    """A server's name or address, or the path of its Unix socket; its port, where one is written or usual."""

    name: str
    port: int | None

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else quote(self.name, safe="%")
        return f"{name}:{self.port}" if self.port is not None else name


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection string and what was read from it. Its text, as `str()` gives it, has no user, password or options."""

    text: str
    """The whole connection string as it was given, secrets included: for the driver, and for nothing else."""
    scheme: str
    hosts: tuple[Host, ...]
    path: str = ""
    """The database with a slash before it, or a folder."""
    user: str | None = None
    password: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    """Its passwords, tokens and private keys, decoded and as they are written."""
    key: str = "connectionString"
    """What the user calls it."""

    def __str__(self) -> str:
        if self.scheme == "file":
            return self.path
        return f"{self.scheme}://{','.join(map(str, self.hosts))}{quote(self.path)}"

    def __repr__(self) -> str:
        return f"Connection({self})"

    @property
    def host(self) -> str:
        """The first host; empty where the driver's default is meant."""
        return self.hosts[0].name if self.hosts else ""

    @property
    def port(self) -> int | None:
        """The first host's port; None for a socket, and where DNS has it."""
        return self.hosts[0].port if self.hosts else None

    @property
    def database(self) -> str:
        """The path without its leading slash."""
        return self.path.removeprefix("/")

    @property
    def has_secret(self) -> bool:
        """Whether there is a password, a token or a private key in the string."""
        return bool(self.secrets)

    def parameters(self, known: Collection[str]) -> dict[str, str]:
        """Return the options by name; raises InputError for a name that is not `known`, or is given twice."""
        given: dict[str, str] = {}
        for name, value in self.options:
            if name not in known:
                raise InputError.of(f"{self.key}: option", name, "is not known", f"write one of {', '.join(known)}")
            if name in given:
                raise InputError.of(f"{self.key}: option", name, "is given twice", "write it once")
            given[name] = value
        return given

    def redacted(self, said: object) -> str:
        """Return what a driver or server said in one line, without any of the string's secrets."""
        return redacted(str(said), self.secrets)

    def refused(self, problem: object, remedy: str) -> InputError:
        """Return the error for a string that the driver does not take; `problem` is the driver's own text."""
        return InputError(f"{self.key}: {self.redacted(problem).rstrip('.')}; {remedy}")


class _Pieces(NamedTuple):
    """The parts of a connection string as they are written, percent-encoded."""

    scheme: str
    hosts: tuple[str, ...]
    database: str
    user: str | None
    password: str | None
    options: tuple[tuple[str, str], ...]


def parse_connection(text: str, source: Capabilities, key: str = "connectionString") -> Connection:
    """Read a source's connection string; raises InputError that names the key and what is wrong, not the text."""
    port = f":{source.port}" if source.port else ""
    expected = f"write {source.schemes[0]}://user:password@host{port}/database"
    _check_characters(text, key, expected)
    if source.name == "postgresql" and "://" not in text and "=" in text:
        # The other form of libpq, without a scheme.
        pieces = _keyword_pieces(text, key)
    else:
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in source.schemes:
            # What is no known scheme may be anything, a password too.
            shown = f"{scheme!r} as its scheme" if separator and scheme.isalpha() and len(scheme) < 12 else "no scheme"
            raise InputError(f"{key}: has {shown}, which is not {source.name}'s; {expected}")
        if not source.needs_server:
            return Connection(text, scheme, (), _folder(rest, key), key=key)
        pieces = _url_pieces(scheme, rest, key, expected, question_in_password=source.name == "postgresql")
    return _connection(text, source, pieces, key, expected)


def _connection(text: str, source: Capabilities, pieces: _Pieces, key: str, expected: str) -> Connection:
    # PyMongo reads a plus as a space; every other driver, and we, read it as a plus.
    decoded = unquote_plus if source.name == "mongodb" else unquote
    options = tuple((unquote(name), decoded(value)) for name, value in pieces.options)
    user = decoded(pieces.user) if pieces.user is not None else None
    password = decoded(pieces.password) if pieces.password is not None else None
    path = f"/{decoded(pieces.database)}" if pieces.database else ""
    hosts = list(pieces.hosts)
    if source.name == "postgresql":
        named = dict(options)
        user, password = named.get("user", user), named.get("password", password)
        path = f"/{named['dbname']}" if named.get("dbname") else path
        hosts = _libpq_hosts(named, hosts)
    if any("\0" in part for part in (user or "", password or "", path, *(value for pair in options for value in pair))):
        raise InputError(f"{key}: has a NUL character (%00) in it, which no server takes; {expected}")
    usual = None if pieces.scheme.endswith("+srv") else source.port
    found = tuple(_host(host, usual, key, expected) for host in hosts)
    elsewhere = source.name == "postgresql" or (source.name == "mysql" and "socket" in dict(options))
    if not found and not elsewhere:
        raise InputError(f"{key}: names no host; {expected}")
    secrets = tuple(sorted({secret for secret in _secrets(pieces, password, options) if secret}))
    return Connection(text, pieces.scheme, found, path, user, password, options, secrets, key)


def _secrets(pieces: _Pieces, password: str | None, options: Sequence[tuple[str, str]]) -> Iterator[str | None]:
    yield from (pieces.password, unquote(pieces.password or ""), password)
    for (name, value), (_, written) in zip(options, pieces.options, strict=True):
        if _is_secret(name):
            yield from (value, written)
            # Of MongoDB's NAME:value,NAME:value the server may repeat a value.
            yield from (part.partition(":")[2] for part in value.split(",") if "TOKEN:" in part)


def _folder(rest: str, key: str) -> str:
    machine, slash, path = rest.partition("?")[0].partition("/")
    folder = unquote(slash + path)
    if machine not in ("", "localhost") or not folder or "\0" in folder:
        raise InputError(f"{key}: names no folder of this machine; write file:///folder")
    return folder


def _libpq_hosts(named: Mapping[str, str], hosts: list[str]) -> list[str]:
    """Return the hosts, which libpq also takes as options: a list of names, of addresses, and of ports for them."""
    listed = named.get("host") or named.get("hostaddr")
    ports = named.get("port", "").split(",")
    if listed:
        hosts = [f"[{host}]" if ":" in host and not host.startswith("[") else host for host in listed.split(",")]
    if hosts and ports != [""]:
        if len(ports) == 1:
            ports *= len(hosts)
        hosts = [f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False)]
    return hosts


def _host(written: str, usual: int | None, key: str, expected: str) -> Host:
    name, port = _read_host(written, key, expected)
    return Host(name, port if port is not None or _is_socket(name) else usual)


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


def _url_pieces(scheme: str, rest: str, key: str, expected: str, *, question_in_password: bool) -> _Pieces:
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
    return _Pieces(scheme, hosts, database, user, password, tuple((name, value) for name, _, value in pairs))


def _keyword_pieces(text: str, key: str) -> _Pieces:
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
    return _Pieces("postgresql", (), "", None, None, tuple(options))


def _read_host(written: str, key: str, expected: str) -> tuple[str, int | None]:
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
    if not _is_socket(name):
        _check_name(name, key, expected)
    return name, _port(port, key, expected)


def _is_socket(name: str) -> bool:
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
