"""Facts about the values that a schema lists (static, one_of, sample_array, ...), for the checks of the stores."""

from collections.abc import Iterator

from pydantic import JsonValue

from core.schema.generators import OneOf, RandomBytes, SampleArray, Static, given_values
from core.schema.model import Column, Table
from core.schema.types import DOCUMENTS, DataType, Kind
from core.schema.values import canonical_json, document_of, items_of


def largest_row(table: Table) -> int:
    """Return a lower bound, in bytes, of the table's largest row, as far as the schema lists values."""
    return sum(largest_value(column) for column in table.columns)


def largest_value(column: Column) -> int:
    """Return the size in bytes of a column's largest listed value; 0 for generators that list none."""
    generator = column.generator
    match generator:
        case Static():
            return _bytes(generator.value)
        case OneOf():
            return max(map(_bytes, generator.values))
        case SampleArray():
            return generator.max_length * max(map(_bytes, generator.pool))
        case RandomBytes():
            return generator.max_length
        case _:
            return 0


def size_complaints(table: Table, what: str, most: int) -> Iterator[str]:
    """Yield a complaint if the table's largest row has more than `most` bytes; `what` is the store's word for a row."""
    if (size := largest_row(table)) > most:
        widest = max(table.columns, key=largest_value)
        yield (
            f"table {table.name}: a {what} of {size:,} bytes or more is larger than {most:,}; shorten the values of column "
            f"{widest.name}, which has up to {largest_value(widest):,}"
        )


def padding_warnings(column: Column, type_: DataType, server: str) -> Iterator[str]:
    """Yield a warning for a `char` whose listed values end in spaces, which the server's padding hides."""
    if type_.kind is Kind.CHAR and any(
        isinstance(value, str) and value.endswith(" ") for value in given_values(column.generator)
    ):
        yield f"{server} pads a char with spaces: those at the end of the schema's values are lost; use varchar"


def number_warnings(column: Column, exact: range, server: str) -> Iterator[str]:
    """Yield a warning for listed documents with whole numbers outside `exact`, which become doubles."""
    if column.type.kind not in DOCUMENTS:
        return
    numbers = (number for value in given_values(column.generator) for number in _numbers(document_of(value)))
    if any(number not in exact for number in numbers):
        yield f"{server}'s JSON numbers beyond 64 bits are doubles: larger numbers of the schema's values are rounded"


def _bytes(value: JsonValue) -> int:
    """Return the bytes of a value's text; 0 for a number, which a store may keep in fewer bytes than it has digits."""
    if isinstance(value, str):
        return len(value.encode())
    return len(canonical_json(value).encode()) if isinstance(value, list | dict) else 0


def _numbers(value: JsonValue) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    for item in items_of(value):
        yield from _numbers(item)
