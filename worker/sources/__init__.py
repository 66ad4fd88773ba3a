"""One module per source behind one protocol; a source's driver is imported when the source is opened."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from core.connection import Connection
from core.stores import Capabilities
from worker.sources.base import ALONE, Seat, Source

_MODULES: Mapping[str, str] = {
    "mysql": "worker.sources.mysql.source",
    "postgresql": "worker.sources.postgresql.source",
    "mongodb": "worker.sources.mongodb.source",
    "kafka": "worker.sources.kafka.source",
    "neo4j": "worker.sources.neo4j.source",
    "csv": "worker.sources.csv.source",
    "jsonl": "worker.sources.jsonl.source",
}


def open_source(capabilities: Capabilities, connection: Connection, seat: Seat = ALONE) -> Source:
    """The source, not connected yet; its module's `open_source` makes it."""
    module = import_module(_MODULES[capabilities.name])
    make = cast("Callable[[Connection, Seat], Source]", module.open_source)
    return make(connection, seat)
