"""Find what Kafka cannot store, so that the plan is refused before the broker refuses it during a run.

Sources: kafka.apache.org, "Topic Configs"; librdkafka's CONFIGURATION.md. Names need no further check: a schema's names are
letters, digits and `_`.
"""

from collections.abc import Iterator

from core.schema.checks.listed_values import size_complaints
from core.schema.model import Table
from core.units import MIB

LARGEST_MESSAGE = 16 * MIB
"""The most bytes of a message for which the worker configures its producer."""


def complaints(table: Table) -> Iterator[str]:
    """Yield one line, with the limit and a remedy, for each reason why Kafka cannot store the table."""
    if table.name.startswith("__"):
        yield f"table {table.name}: topics whose names begin with __ are Kafka's own; rename the table"
    yield from size_complaints(table, "message", LARGEST_MESSAGE)
