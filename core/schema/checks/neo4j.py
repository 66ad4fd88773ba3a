"""Find what Neo4j cannot store, so that the plan is refused before the server refuses it during a run.

Source: neo4j.com, "Cypher Manual: Lists", "Indexes". Names need no check: a schema's names are letters, digits and `_`.
"""

from collections.abc import Iterator

from core.schema.checks.listed_values import largest_value
from core.schema.generators import SampleArray
from core.schema.model import Table

LONGEST_KEY = 8_160
"""The most bytes of a value in a range index, which every key has; measured on 5.26."""


def complaints(table: Table) -> Iterator[str]:
    """Yield one line, with the limit and a remedy, for each reason why Neo4j cannot store the table."""
    if (size := largest_value(table.key)) > LONGEST_KEY:
        yield (
            f"table {table.name}: column {table.primary_key}: a key of up to {size:,} bytes is longer than "
            f"{LONGEST_KEY:,}, which Neo4j's index takes; shorten its values, or use another column as the key"
        )
    for column in table.columns:
        if isinstance(column.generator, SampleArray) and None in column.generator.pool:
            yield (
                f"table {table.name}: column {column.name}: a list cannot hold a null, and the generator's pool has one; "
                "remove it from the pool"
            )
