"""What must hold between the parts of a schema: names that differ, types that fit, references that lead somewhere."""

from spec.dialects.block import Place
from spec.dialects.names import refuse_repeats
from spec.schema import Schema


def check_schema(schema: Schema, origin: str) -> None:
    """Raise SchemaError, with its place, for the first thing that does not fit."""
    place = Place(origin)
    refuse_repeats(place, "tables", [table.name for table in schema.tables])
