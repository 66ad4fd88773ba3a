"""The stores, each declared once with its capabilities.

A store's other modules are found by its name: `worker.sources.<name>`, `infra.databases.<name>` for one with a server, and
`core.schema.checks.<name>` for one with limits.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.driver_options import KAFKA_OPTIONS, LIBPQ_OPTIONS, MONGODB_OPTIONS, MYSQL_OPTIONS, NEO4J_OPTIONS, Options
from core.errors import InputError

_VERSION = re.compile(r"v?(\d[\w.]*)")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Capabilities of a store. Platforms and the worker's pipelines decide by these, not by the store's name."""

    name: str
    schemes: tuple[str, ...]
    """The schemes of its connection strings, the recommended one first."""
    bulk: str
    """What `method: bulk` does, in the server's own terms."""
    insert: str
    """What `method: insert` does."""
    key_range_deletable: bool
    """Whether a retry deletes rows by a range of keys; otherwise it replaces whole files or partitions."""
    needs_server: bool = True
    port: int | None = None
    """The server's usual TCP port."""
    largest_batch: int | None = None
    """The most rows of one batch, if the server limits them."""
    advertises_address: bool = False
    """Whether the server redirects its clients to an address that it is configured with."""
    shortest_password: int = 0
    """The fewest characters of a password that the server's image accepts."""
    embedded: bool = False
    """Whether a Python package brings its server, which `infra.platforms.local.<name>` starts."""
    file_suffix: str | None = None
    """The suffix of its files, if it writes files."""
    libpq_connection: bool = False
    """Whether libpq reads its connection strings: also keywords without a scheme, options in place of the URL's parts, and a
    question mark in a password."""
    socket_option: str | None = None
    """The option of its connection strings that names a Unix socket in place of a host."""
    plus_is_space: bool = False
    """Whether a plus in its connection strings is a space."""
    option_separators: str = "&"
    """The characters that separate the options of its connection strings."""
    options: Options = field(default_factory=dict, hash=False)
    """All options of its connection strings."""
    options_in_any_case: bool = False
    """Whether the names of these options may be written in any case."""
    products: tuple[tuple[str, str, str], ...] = ()
    """The servers that speak its protocol: a setting with the version, a part of its value, and the name of the product. The
    first one that applies is the server's. Without a setting, the version is unknown."""
    volatile_settings: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    """Settings of its server, and the values with which a server crash can lose acknowledged rows."""

    def server_of(self, settings: Mapping[str, str]) -> str:
        """Return the name and the version of a server by its settings: `MariaDB 10.11.6`; empty if it is unknown."""
        for setting, part, product in self.products:
            text = settings.get(setting, "")
            if not setting or (text and part.lower() in text.lower()):
                version = _VERSION.match(text)
                return f"{product} {version[1]}" if version else product
        return ""

    def limit_batch(self, asked: int) -> int:
        """Return the rows that are committed at once: `asked`, but no more than the store accepts."""
        return min(asked, self.largest_batch or asked)


SOURCES: dict[str, Capabilities] = {}
"""Every declared store by its name."""


def _declare(store: Capabilities) -> Capabilities:
    SOURCES[store.name] = store
    return store


MYSQL = _declare(
    Capabilities(
        name="mysql",
        schemes=("mysql",),
        bulk="LOAD DATA LOCAL INFILE from memory",
        insert="multi-row INSERT",
        key_range_deletable=True,
        port=3306,
        socket_option="socket",
        options=MYSQL_OPTIONS,
        products=(("version", "MariaDB", "MariaDB"), ("version", "", "MySQL")),
        volatile_settings={
            "innodb_flush_log_at_trx_commit": frozenset({"0", "2"}),
            "innodb_doublewrite": frozenset({"OFF"}),
            "innodb_redo_log": frozenset({"OFF"}),
        },
    )
)
POSTGRESQL = _declare(
    Capabilities(
        name="postgresql",
        schemes=("postgresql", "postgres"),
        bulk="COPY FROM STDIN",
        insert="multi-row INSERT",
        key_range_deletable=True,
        port=5432,
        embedded=True,
        libpq_connection=True,
        options=LIBPQ_OPTIONS,
        products=(("server_version", "", "PostgreSQL"),),
        volatile_settings={
            "fsync": frozenset({"off"}),
            "full_page_writes": frozenset({"off"}),
            "synchronous_commit": frozenset({"off"}),
        },
    )
)
MONGODB = _declare(
    Capabilities(
        name="mongodb",
        schemes=("mongodb", "mongodb+srv"),
        bulk="unordered insertMany of encoded documents",
        insert="insertOne",
        key_range_deletable=True,
        port=27017,
        largest_batch=100_000,
        plus_is_space=True,
        option_separators="&;",
        options=MONGODB_OPTIONS,
        options_in_any_case=True,
        products=(("ferretdb", "", "FerretDB"), ("version", "", "MongoDB")),
        volatile_settings={
            "storage.journal.enabled": frozenset({"false"}),
            "journal": frozenset({"false", "off"}),
            "writeConcernMajorityJournalDefault": frozenset({"false"}),
        },
    )
)
NEO4J = _declare(
    Capabilities(
        name="neo4j",
        schemes=("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"),
        bulk="UNWIND of rows, one transaction per batch",
        insert="one CREATE at a time",
        key_range_deletable=True,
        port=7687,
        shortest_password=8,
        options=NEO4J_OPTIONS,
        products=(("version", "", "Neo4j"),),
        largest_batch=10_000,
    )
)
KAFKA = _declare(
    Capabilities(
        name="kafka",
        schemes=("kafka",),
        bulk="pipelined produce of encoded messages",
        insert="one message at a time, each acknowledged",
        key_range_deletable=False,
        port=9092,
        advertises_address=True,
        options=KAFKA_OPTIONS,
        products=(("", "", "Kafka"),),
    )
)
CSV = _declare(
    Capabilities(
        name="csv",
        schemes=("file",),
        bulk="columnar writer",
        insert="one row at a time",
        key_range_deletable=False,
        needs_server=False,
        file_suffix=".csv",
    )
)
JSONL = _declare(
    Capabilities(
        name="jsonl",
        schemes=("file",),
        bulk="columnar writer",
        insert="one row at a time",
        key_range_deletable=False,
        needs_server=False,
        file_suffix=".jsonl",
    )
)

BULK, INSERT = "bulk", "insert"
METHODS = (BULK, INSERT)


def capabilities_of(name: str, key: str = "source") -> Capabilities:
    """Return a store's declaration; raise InputError with `key` and the valid names."""
    if name not in SOURCES:
        raise InputError.of(key, name, "is not a valid source", f"write one of {', '.join(SOURCES)}")
    return SOURCES[name]
