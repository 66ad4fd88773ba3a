"""The sources, each declared once: what it can do, so that nothing else needs to know which one it is."""

from dataclasses import dataclass

from core.errors import InputError


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source is and can do; the platforms and the worker's pipelines ask this and never its name."""

    name: str
    schemes: tuple[str, ...]
    """The schemes of its connection strings; the first is the one to recommend."""
    bulk: str
    """What `method: bulk` is here, in the server's own words."""
    insert: str
    """What `method: insert` is here: the way that is compared against."""
    transactional: bool
    """Whether a batch lands whole or not at all."""
    key_range_deletable: bool
    """Whether a redo removes its rows by a range of keys; where not, it replaces what it wrote."""
    needs_server: bool = True
    port: int | None = None
    """The server's usual TCP port."""
    largest_batch: int | None = None
    """The most rows of one batch, where the server has a bound."""
    advertises_address: bool = False
    """Whether the server sends its clients on to an address that it was told, wherever they reached it."""
    shortest_password: int = 0
    """The fewest characters of a password that the server's image accepts."""
    embedded: bool = False
    """Whether a Python package brings its server, which `infra.platforms.local.<name>` starts."""
    file_suffix: str | None = None
    """The ending of the files it writes, where it writes files."""

    def limit_batch(self, asked: int) -> int:
        """The batch that is committed at once where `asked` rows are wanted: no more than the source takes."""
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
        transactional=True,
        key_range_deletable=True,
        port=3306,
    )
)
POSTGRESQL = _declare(
    Capabilities(
        name="postgresql",
        schemes=("postgresql", "postgres"),
        bulk="COPY FROM STDIN",
        insert="multi-row INSERT",
        transactional=True,
        key_range_deletable=True,
        port=5432,
        embedded=True,
    )
)
MONGODB = _declare(
    Capabilities(
        name="mongodb",
        schemes=("mongodb", "mongodb+srv"),
        bulk="unordered insertMany of documents encoded before",
        insert="insertOne",
        transactional=False,
        key_range_deletable=True,
        port=27017,
        largest_batch=100_000,
    )
)
NEO4J = _declare(
    Capabilities(
        name="neo4j",
        schemes=("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"),
        bulk="UNWIND of rows, a transaction a batch",
        insert="one CREATE at a time",
        transactional=True,
        key_range_deletable=True,
        port=7687,
        shortest_password=8,
        largest_batch=10_000,
    )
)
KAFKA = _declare(
    Capabilities(
        name="kafka",
        schemes=("kafka",),
        bulk="pipelined produce of messages encoded before",
        insert="one message at a time, each acknowledged",
        transactional=False,
        key_range_deletable=False,
        port=9092,
        advertises_address=True,
    )
)
CSV = _declare(
    Capabilities(
        name="csv",
        schemes=("file",),
        bulk="columnar writer",
        insert="one row at a time",
        transactional=False,
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
        transactional=False,
        key_range_deletable=False,
        needs_server=False,
        file_suffix=".jsonl",
    )
)

BULK, INSERT = "bulk", "insert"
METHODS = (BULK, INSERT)


def capabilities_of(name: str, key: str = "source") -> Capabilities:
    """A source's declaration; raises InputError that names `key` and what there is."""
    if name not in SOURCES:
        raise InputError.of(key, name, "is not a valid source", f"write one of {', '.join(SOURCES)}")
    return SOURCES[name]
