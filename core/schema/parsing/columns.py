"""The seed's dialect: a table with `primary_key` and `columns`; each `data_type` brings its own generator."""

from decimal import Decimal

from core.schema.generators import (
    DecimalRange,
    Email,
    Generator,
    IntRange,
    OneOf,
    PersonName,
    Sequential,
    TimestampRecent,
    UuidV4,
)
from core.schema.location import Place, listed, remedy_for
from core.schema.model import Column, Table
from core.schema.parsing.block import Block
from core.schema.parsing.names import checked_name
from core.schema.parsing.options import Options, make_column
from core.schema.parsing.types import parse_type, parse_values
from core.schema.types import DataType, Kind

_INTEGER = IntRange(min=1, max=10_000)
"""A column like `user_id`: within the keys of a table of 10,000 rows, the smallest preset."""

_BUILT_IN: dict[str, tuple[DataType, Generator]] = {
    "integer": (DataType(kind=Kind.INT64), _INTEGER),
    "name": (DataType(kind=Kind.VARCHAR, length=255), PersonName()),
    "email": (DataType(kind=Kind.VARCHAR, length=255), Email()),
    "timestamp": (DataType(kind=Kind.TIMESTAMP), TimestampRecent(days=365)),
    "uuid": (DataType(kind=Kind.UUID), UuidV4()),
    "decimal": (
        DataType(kind=Kind.DECIMAL, precision=10, scale=2),
        DecimalRange(min=Decimal("1.00"), max=Decimal("9999.99")),
    ),
}
_REMEDY = "write integer, name, email, timestamp, uuid, decimal or {enum: [...]}, or add a generator"


def read_table(block: Block) -> Table:
    """A table with `columns`."""
    remedy = "write a list of columns, each with name and data_type"
    columns: list[Column] = []
    named = block.take("primary_key")
    flagged: list[str] = []
    for number, item in enumerate(block.items("columns", remedy), start=1):
        column = Block(block.place.in_column(f"#{number}"), "columns", item)
        name = checked_name(column.place, "name", column.text("name", "write the column's name"))
        column.place = block.place.in_column(name)
        is_key = column.flag("primary_key") is True
        flagged += [name] if is_key else []
        columns.append(_read_column(column, name, is_key=is_key or name == named))
    block.close()
    key = _primary_key(block.place, named, flagged, [column.name for column in columns])
    return Table(name=block.place.table, primary_key=key, columns=tuple(columns))


def _read_column(block: Block, name: str, *, is_key: bool) -> Column:
    value = block.require("data_type", _REMEDY)
    options = Options.read(block)
    built_in = _built_in(block.place, value, is_key=is_key)
    if built_in is not None:
        type_, own = built_in
        return make_column(name, type_, options.generator or own, options, is_key=is_key)
    if options.generator is None:
        raise block.place.error("data_type", value, "is no data_type", _unknown(value))
    type_ = parse_type(block.place, "data_type", value)
    return make_column(name, type_, options.generator, options, is_key=is_key)


def _built_in(place: Place, value: object, *, is_key: bool) -> tuple[DataType, Generator] | None:
    if isinstance(value, str) and value in _BUILT_IN:
        if value == "integer" and is_key:
            return DataType(kind=Kind.INT64), Sequential(start=1)
        return _BUILT_IN[value]
    if isinstance(value, dict) and set(value) == {"enum"}:
        values = parse_values(place, "data_type.enum", value["enum"])
        return DataType(kind=Kind.ENUM, values=values), OneOf(values=values)
    return None


def _unknown(value: object) -> str:
    near = remedy_for(value, [*_BUILT_IN, "enum"]) if isinstance(value, str) else ""
    return near if near.startswith("did you mean") else _REMEDY


def _primary_key(place: Place, named: object, flagged: list[str], columns: list[str]) -> str:
    if len(flagged) > 1:
        raise place.error("primary_key", ", ".join(flagged), "are two columns", "keep primary_key: true on one of them")
    if named is None:
        if not flagged:
            raise place.missing("primary_key", f"write the key's column: one of {listed(columns)}")
        return flagged[0]
    if not isinstance(named, str):
        raise place.error("primary_key", named, "is no column's name", f"write one of {listed(columns)}")
    if named not in columns:
        raise place.error("primary_key", named, "is no column of the table", remedy_for(named, columns))
    if flagged and flagged != [named]:
        raise place.error(
            "primary_key", named, f"is not {flagged[0]}, which says primary_key: true", "keep one of the two"
        )
    return named
