"""Connection strings: taken apart once, and shown only without what is secret."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from spec.errors import InputError
from spec.sources import Capabilities


@dataclass(frozen=True, slots=True)
class Connection:
    """The parts of a connection string. Its text, as `str()` gives it, has no user, no password and no options."""

    scheme: str
    host: str
    port: int | None
    path: str
    user: str | None = None
    password: str | None = None
    options: str = ""

    def __str__(self) -> str:
        if self.scheme == "file":
            return self.path
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{quote(self.path)}"

    def __repr__(self) -> str:
        return f"Connection({self})"

    @property
    def database(self) -> str:
        """The path without its leading slash."""
        return self.path.lstrip("/")

    def parameters(self, known: Collection[str], key: str = "connectionString") -> dict[str, str]:
        """What stands behind the `?`, by name; raises InputError for a name that is not `known`."""
        given = dict(parse_qsl(self.options, keep_blank_values=True))
        for name in given:
            if name not in known:
                raise InputError.of(f"{key}: option", name, "is not known", f"write one of {', '.join(known)}")
        return given

    def url(self) -> str:
        """The whole connection string, secrets included."""
        user = quote(self.user or "", safe="")
        password = f":{quote(self.password, safe='')}" if self.password is not None else ""
        at = "@" if self.user or self.password else ""
        port = f":{self.port}" if self.port else ""
        options = f"?{self.options}" if self.options else ""
        return f"{self.scheme}://{user}{password}{at}{self.host}{port}{quote(self.path)}{options}"


def parse_connection(text: str, source: Capabilities, key: str = "connectionString") -> Connection:
    """Take a source's connection string apart; raises InputError that names the key and what is wrong, not the text."""
    expected = f"{source.schemes[0]}://user:password@host:{source.port}/database"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{key}: cannot be read as a connection string ({_reason(error)}); write {expected}") from None
    if parts.scheme not in source.schemes:
        shown = f"{parts.scheme!r} as its scheme" if parts.scheme else "no scheme"
        raise InputError(f"{key}: has {shown}, which is not {source.name}'s; write {expected}")
    if source.needs_server and not parts.hostname:
        raise InputError(f"{key}: names no host; write {expected}")
    return Connection(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=port or source.port,
        path=unquote(parts.path),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password is not None else None,
        options=parts.query,
    )


def _reason(error: ValueError) -> str:
    """What urllib says, unless it quotes what it read, which may be a password with a `/` or `#` in it."""
    if "ort" in str(error):
        return "its port is no number: is a character of the password not percent-encoded?"
    return "its host is none"
