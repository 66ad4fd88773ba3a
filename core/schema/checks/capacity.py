"""Find the number of rows that a column can fill: until its type overflows, or a unique column repeats a value.

Functions raise Problem; the caller adds the location.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from core.errors import Complaints, Problem, SchemaError
from core.schema import generators as g
from core.schema.checks.compatibility import decimal_units, fixed_length
from core.schema.location import Location
from core.schema.model import Column, Schema, Table
from core.schema.placeholders import Digits, Index, Uuid, pattern_parts, template_columns
from core.schema.types import INTEGERS, TEXTS, DataType, Kind
from core.schema.values import integer_bounds, largest_decimal

_MILLISECOND = timedelta(milliseconds=1)
_MILLISECONDS_A_DAY = 86_400_000
_LEAST_UNIQUE_BYTES = 16
_REMEDY = "use sequential, uuid_v4, a pattern with {index}, or a range"


def check_rows(schema: Schema, tables: Iterable[str], rows: int, file: Location | None = None) -> None:
    """Raise SchemaError with the columns of these tables that cannot fill that many rows; `file` has their lines."""
    location = file or Location("")
    complaints = Complaints()
    for table in (schema.table(name) for name in tables):
        for column in table.columns:
            with complaints.collect():
                check_column_rows(table, column, rows, location)
    complaints.finish()


def check_column_rows(table: Table, column: Column, rows: int, file: Location | None = None) -> None:
    """Raise SchemaError if the column cannot fill this number of rows."""
    most = capacity(table, column)
    if most is not None and rows > most:
        location = (file or Location("")).in_table(table.name).in_column(column.name)
        problem = f"gives {most:,} different values" if column.unique else f"fills {most:,} rows"
        remedy = "load fewer rows, widen its range or type" + (", or drop unique" if column.unique else "")
        raise SchemaError(
            f"{location.at('generator')}: {column.generator.type} {problem} but the plan has {rows:,} rows; {remedy}"
        )


def capacity(table: Table, column: Column) -> int | None:
    """Return the largest number of rows that a column can fill, or None; raises Problem if it cannot be unique."""
    if isinstance(column.generator, g.Sequential):
        return _of_sequential(column.type, column.generator)
    if not column.unique:
        return None
    if column.null_ratio > 0:
        raise Problem("has NULLs in a unique column", "drop null_ratio or unique")
    if getattr(column.generator, "distribution", g.UNIFORM).type != "uniform":
        raise Problem("has a distribution in a unique column, where each value occurs once", "drop one of the two")
    if isinstance(column.generator, g.Template):
        return _of_template(table, column.type, column.generator)
    count = _UNIQUE.get(type(column.generator))
    if count is None:
        raise Problem("cannot be unique", f"{_REMEDY}")
    return count(column.type, column.generator)


def _of_sequential(type_: DataType, generator: g.Sequential) -> int | None:
    if type_.kind in INTEGERS:
        last = integer_bounds(type_.kind)[1]
    elif type_.kind is Kind.DECIMAL:
        last = int(largest_decimal(type_))
    elif type_.length is not None:
        last = 10**type_.length - 1
    else:
        return None
    most = last - generator.start + 1
    return most if most < 1 << 62 else None


def _of_pattern(type_: DataType, generator: g.Pattern) -> int | None:
    parts = pattern_parts(generator.pattern)
    if any(isinstance(part, Uuid) for part in parts):
        return None
    if any(isinstance(part, Index) for part in parts):
        if type_.length is None:
            return None
        places = sum(isinstance(part, Index) for part in parts)
        return int(10 ** ((type_.length - fixed_length(generator.pattern)) // places))
    digits = max((part.count for part in parts if isinstance(part, Digits)), default=0)
    if not digits:
        raise Problem("cannot be unique without a placeholder", f"{_REMEDY}")
    return int(9 * 10 ** (min(digits, 18) - 1))


def _of_template(table: Table, type_: DataType, generator: g.Template) -> int | None:
    columns = [table.column(name) for name in template_columns(generator.template)]
    unique = [column for column in columns if column.unique]
    if not unique:
        raise Problem("cannot be unique without a unique column in it", "add one, like {id}")
    if type_.kind in TEXTS and type_.length is not None:
        raise Problem("may be cut to the type's length, so it cannot be unique", "write type: text")
    return None


def _of_bytes(_: DataType, generator: g.RandomBytes) -> int | None:
    if generator.min_length < _LEAST_UNIQUE_BYTES:
        raise Problem(f"cannot be unique with fewer than {_LEAST_UNIQUE_BYTES} bytes", "write min_length: 16")
    return None


def _of_values(_: DataType, generator: g.OneOf) -> int:
    if generator.weights is not None:
        raise Problem("has weights in a unique column, where each value occurs once", "drop one of the two")
    if len(set(map(repr, generator.values))) < len(generator.values):
        raise Problem("lists a value twice in a unique column", "write each once")
    return len(generator.values)


def _of_decimals(type_: DataType, generator: g.DecimalRange) -> int:
    if type_.kind is not Kind.DECIMAL:
        raise Problem(f"cannot be unique in {type_.kind}", "use int_range, or a decimal type")
    low, high = decimal_units(type_, generator.min, generator.max)
    return high - low + 1


def _of_integers(type_: DataType, generator: g.IntRange) -> int:
    if type_.kind not in INTEGERS | {Kind.DECIMAL}:
        raise Problem(f"cannot be unique in {type_.kind}", "use a whole-number type")
    return generator.max - generator.min + 1


def _instants_only(count: Callable[[Any], int]) -> Callable[[DataType, Any], int]:
    def checked(type_: DataType, generator: Any) -> int:
        if type_.kind in (Kind.DATE, Kind.TIME):
            raise Problem(f"cannot be unique in {type_.kind}", "use timestamp")
        return count(generator)

    return checked


_UNIQUE: Mapping[type[BaseModel], Callable[[DataType, Any], int | None]] = {
    g.UuidV4: lambda _, __: None,
    g.Ulid: lambda _, __: None,
    g.Email: lambda _, __: None,
    g.Reference: lambda _, __: None,
    g.Faker: lambda _, faker: faker.pool,
    g.Pattern: _of_pattern,
    g.RandomBytes: _of_bytes,
    g.OneOf: _of_values,
    g.IntRange: _of_integers,
    g.DecimalRange: _of_decimals,
    g.TimestampRange: _instants_only(lambda span: (span.end - span.start) // _MILLISECOND + 1),
    g.TimestampRecent: _instants_only(lambda span: span.days * _MILLISECONDS_A_DAY),
    g.TimestampNow: _instants_only(lambda _: 1 << 40),
    g.DurationRange: lambda _, span: span.max_secs - span.min_secs + 1,
}
