"""Five hundred connection strings per store: each is accepted or refused in one line, without its password."""

import random
import string
from urllib.parse import quote

import pytest

from core.connection import parse_connection
from core.errors import InputError, ServerError
from core.stores import SOURCES
from worker.sources import open_source

STRINGS = 500
SHOWN = 6
"""Length of the parts of a password that must not be in a message."""
STORES = ("postgresql", "mysql", "mongodb", "neo4j", "kafka")
SCHEMES = [scheme for store in STORES for scheme in SOURCES[store].schemes]
PRINTABLE = string.printable[:95]
HOSTS = (
    "127.0.0.1:1", "localhost", "[::1]:1", "[::1", "::1", "a,b:2", "%2Ftmp%2Fx", "", ":1", "h:", "h:0", "h:65536", "h:1:2",
    "a..b", "x" * 70, "[fe80::1%25eth0]:1", "münchen.example", "h%00", "h\n", "\udcff", "/", "?", "#", "127.0.0.1:1,",
)  # fmt: skip
VALID = ("127.0.0.1:1", "localhost", "[::1]:1", "münchen.example")
OPTIONS = (
    "sslmode=require", "sslmode=maybe", "connect_timeout=x", "host=/tmp", "port=1,2,3", "dbname=%00", "tls=true",
    "authSource=admin", "replicaSet=", "w=x", "ssl-mode=VERIFY_CA", "ssl-mode=", "socket=/tmp/x", "ssl-ca=/absent",
    "security.protocol=ssl", "sasl.mechanism=OAUTHBEARER", "sasl.mechanism=SCRAM-SHA-256", "socket.timeout.ms=x", "acks=0",
    "policy=eu", "a", "=", "a=b=c", "%zz=%zz", "loadBalanced=true", "compressors=x", "ssl.key.location=/absent", "a=1&a=2",
)  # fmt: skip


def password_of(source: random.Random) -> str:
    """Return a password of printable characters."""
    return "".join(source.choices(PRINTABLE, k=source.randint(8, 24)))


def string_of(source: random.Random, store: str, password: str) -> str:
    """Return a connection string with this password, in roughly the form of the store's driver."""
    if source.random() < 0.3:
        # A string that is valid with any password.
        login = f"user:{quote(password, safe='')}@"
        return f"{SOURCES[store].schemes[0]}://{login}{source.choice(VALID)}{'' if store == 'kafka' else '/db'}"
    scheme = source.choice((*SOURCES[store].schemes, "http", "", "mongodb+srv"))
    written = source.choice((password, quote(password), quote(password, safe="")))
    login = source.choice((f"user:{written}@", f"us%20er:{written}@", f":{written}@", f"user:x@{written}@"))
    database = source.choice(("/db", "/db", "", "/", "/a/b", "/d%20b", "/$x", "/a.b", "/%00"))
    query = "&".join(source.sample(OPTIONS, source.choice((0, 0, 1, 2))))
    text = f"{scheme}://{login}{source.choice(HOSTS)}{database}{'?' if query else ''}{query}"
    if store == "postgresql" and source.random() < 0.2:
        quoted = source.choice((password, "'" + password.replace("\\", "\\\\").replace("'", "\\'") + "'"))
        text = f"host=127.0.0.1 port=1 {source.choice(('user=u ', '', 'us er=u '))}password={quoted}"
    if source.random() < 0.2:
        position = source.randrange(len(text) + 1)
        text = text[:position] + source.choice(("%", "\0", " ", "'", "@", ":", "é")) + text[position:]
    return text


def assert_hidden(password: str, said: str) -> None:
    """Fail if a part of the password is in a message, or the message has several lines."""
    parts = {password[first : first + SHOWN] for first in range(len(password) - SHOWN + 1)}
    assert said.startswith(("connectionString: ", *(f"{scheme}://" for scheme in SCHEMES)))
    assert not [part for part in parts if part in said], said
    assert "\n" not in said


@pytest.mark.parametrize("store", STORES)
def test_any_string_is_accepted_or_refused_in_one_line(store: str) -> None:
    source = random.Random(f"{store} 17")
    taken = 0
    for _ in range(STRINGS):
        password = password_of(source)
        text = string_of(source, store, password)
        try:
            at = parse_connection(text, SOURCES[store])
            assert_hidden(password, str(at))
            open_source(SOURCES[store], at).close()
        except InputError as error:
            for line in error.lines:
                assert_hidden(password, line)
        else:
            taken += 1
    assert 10 < taken < STRINGS - 10


@pytest.mark.parametrize("store", ["postgresql", "mysql"])
def test_any_password_is_hidden_in_connection_error(store: str) -> None:
    source = random.Random(f"{store} 18")
    for _ in range(20):
        password = password_of(source)
        text = f"{store}://user:{quote(password, safe='')}@127.0.0.1:1/db{'?ssl-mode=DISABLED' if store == 'mysql' else ''}"
        opened = open_source(SOURCES[store], parse_connection(text, SOURCES[store]))
        with pytest.raises(ServerError) as refused:
            opened.connect()
        assert refused.value.transient
        assert_hidden(password, str(refused.value))
