"""Kafka's limits, checked in the plan, before a broker refuses a message in the middle of a run.

Sources: kafka.apache.org, "Topic Configs"; librdkafka's CONFIGURATION.md. Names need no further check: a schema's names are
letters, digits and `_`.
"""

from collections.abc import Iterator

from core.schema.checks.listed_values import size_complaints
from core.schema.model import Table
from core.units import MIB

LARGEST_MESSAGE = 16 * MIB
"""Bytes for which the worker's producer and its queue are sized."""


def complaints(table: Table) -> Iterator[str]:
    """Yield what Kafka cannot hold of a table: where, what, the limit, and a remedy, each in one line."""
    if table.name.startswith("__"):
        yield f"table {table.name}: topics whose names begin with __ are Kafka's own; rename the table"
    yield from size_complaints(table, "message", LARGEST_MESSAGE)
