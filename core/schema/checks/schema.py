"""What must hold between the parts of a schema: names that differ, values that fit, links that lead somewhere."""

from core.schema.checks.capacity import capacity
from core.schema.checks.compatibility import check_fit
from core.schema.checks.references import check_links
from core.schema.generators import Reference
from core.schema.location import Place
from core.schema.model import Schema
from core.schema.parsing.names import refuse_repeats


def check_schema(schema: Schema, origin: str) -> None:
    """Raise SchemaError, with its place, for the first thing that does not fit."""
    place = Place(origin)
    refuse_repeats(place, "tables", [table.name for table in schema.tables])
    for table in schema.tables:
        refuse_repeats(place.in_table(table.name), "columns", [column.name for column in table.columns])
    check_links(schema, place)
    for table in schema.tables:
        for column in table.columns:
            at = place.in_table(table.name).in_column(column.name)
            if column.name == table.primary_key and column.nullable:
                raise at.error(
                    "nullable", "true", "is not possible in a primary key", "drop it, and null_ratio with it"
                )
            try:
                if not isinstance(column.generator, Reference):
                    check_fit(column.type, column.generator, nullable=column.nullable)
                capacity(table, column)
            except ValueError as error:
                raise at.complaint("generator", column.generator.type, error) from None
