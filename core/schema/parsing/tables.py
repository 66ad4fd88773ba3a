"""The two dialects of a schema file, read into one model.

A table has `columns`, each with a `data_type` that implies a generator; or, as in surreal-sync, an `id` and `fields`,
each with a type and a generator. Columns and fields take the same options.
"""

from dataclasses import dataclass
from decimal import Decimal

from core.errors import Complaints, Problem
from core.schema.generators import (
    DecimalRange,
    Email,
    Generator,
    IntRange,
    Null,
    OneOf,
    PersonName,
    Sequential,
    Static,
    Template,
    TimestampRecent,
    UuidV4,
)
from core.schema.location import Location, remedy_for
from core.schema.model import Column, Table
from core.schema.parsing.block import Block, checked_name
from core.schema.parsing.generator import parse_generator, parse_reference
from core.schema.parsing.types import parse_type, parse_values
from core.schema.placeholders import template_parts
from core.schema.types import DataType, Kind
from core.text import listed

_INTEGER = IntRange(min=1, max=10_000)
"""For columns like `user_id`: within the keys of the smallest preset, whose tables have 10,000 rows."""

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
_DATA_TYPE_REMEDY = "write integer, name, email, timestamp, uuid, decimal or {enum: [...]}, or add a generator"
_TYPE_REMEDY = "write its type, like type: big_int"
_GENERATOR_REMEDY = "write how its values are generated, like generator: {type: sequential, start: 1}"


def read_columns(block: Block) -> Table:
    """Read a table with `columns`."""
    remedy = "write a list of columns, each with name and data_type"
    complaints = Complaints()
    columns: list[Column] = []
    named = block.take("primary_key")
    flagged: list[str] = []
    for number, item in enumerate(block.items("columns", remedy), start=1):
        with complaints.collect():
            column = Block(block.location.in_column(f"#{number}"), "columns", item)
            name = checked_name(column.location, "name", column.text("name", "write the column's name"))
            column.rename(block.location.in_column(name))
            is_key = column.flag("primary_key") is True
            flagged += [name] if is_key else []
            columns.append(_read_column(column, name, is_key=is_key or name == named))
    with complaints.collect():
        block.close()
    complaints.finish()
    key = _primary_key(block.location, named, flagged, [column.name for column in columns])
    return Table(name=block.location.table, primary_key=key, columns=tuple(columns))


def _read_column(block: Block, name: str, *, is_key: bool) -> Column:
    value = block.require("data_type", _DATA_TYPE_REMEDY)
    complaints = Complaints()
    options: _Options | None = None
    type_, own = None, None
    with complaints.collect():
        options = _Options.read(block)
    with complaints.collect():
        type_, own = _built_in(block.location, value, is_key=is_key) or (None, None)
        if type_ is None and not any(key in block for key in _OPTION_KEYS):
            raise block.location.error("data_type", value, "is not a valid data_type", _unknown(value))
        type_ = type_ or parse_type(block.location, "data_type", value)
    complaints.finish()
    assert options is not None  # noqa: S101 - else there is a complaint
    assert type_ is not None  # noqa: S101
    generator = options.generator or own
    if generator is None:
        raise block.location.error("data_type", value, "is not a valid data_type", _unknown(value))
    return _make_column(name, type_, generator, options, is_key=is_key)


def _built_in(location: Location, value: object, *, is_key: bool) -> tuple[DataType, Generator] | None:
    if isinstance(value, str) and value in _BUILT_IN:
        if value == "integer" and is_key:
            return DataType(kind=Kind.INT64), Sequential(start=1)
        return _BUILT_IN[value]
    if isinstance(value, dict) and set(value) == {"enum"}:
        values = parse_values(location, "data_type.enum", value["enum"])
        return DataType(kind=Kind.ENUM, values=values), OneOf(values=values)
    return None


def _unknown(value: object) -> str:
    near = remedy_for(value, [*_BUILT_IN, "enum"]) if isinstance(value, str) else ""
    return near if near.startswith("did you mean") else _DATA_TYPE_REMEDY


def _primary_key(location: Location, named: object, flagged: list[str], columns: list[str]) -> str:
    if len(flagged) > 1:
        raise location.error(
            "primary_key", ", ".join(flagged), "are marked as the primary key", "keep primary_key: true on one of them"
        )
    if named is None:
        if not flagged:
            raise location.missing("primary_key", f"write the key's column: one of {listed(columns)}")
        return flagged[0]
    if not isinstance(named, str):
        raise location.error("primary_key", named, "is not a column name", f"write one of {listed(columns)}")
    if named not in columns:
        raise location.error("primary_key", named, "is not a column of the table", remedy_for(named, columns))
    if flagged and flagged != [named]:
        raise location.error(
            "primary_key", named, f"is not {flagged[0]}, which has primary_key: true", "keep one of them"
        )
    return named


def read_fields(block: Block) -> Table:
    """Read a table with `id` and `fields`; `id.name` is the name of the key column, by default id."""
    key_block = Block(
        block.location.in_column("id"), "id", block.require("id", "write the key, with type and generator")
    )
    key_name = "id"
    if "name" in key_block:
        key_name = checked_name(key_block.location, "name", key_block.text("name", "write the key's name"))
        key_block.rename(block.location.in_column(key_name))
    complaints = Complaints()
    columns: list[Column] = []
    with complaints.collect():
        columns.append(_read_field(key_block, key_name, is_key=True))
    fields = block.take("fields")
    fields = [] if fields is None else fields
    if not isinstance(fields, list):
        raise block.location.error(
            "fields", fields, "is not a list", "write a list of fields, each with name, type and generator"
        )
    for number, item in enumerate(fields, start=1):
        with complaints.collect():
            field = Block(block.location.in_column(f"#{number}"), "fields", item)
            name = checked_name(field.location, "name", field.text("name", "write the field's name"))
            field.rename(block.location.in_column(name))
            columns.append(_read_field(field, name, is_key=False))
    with complaints.collect():
        block.close()
    complaints.finish()
    return Table(name=block.location.table, primary_key=key_name, columns=tuple(columns))


def _read_field(block: Block, name: str, *, is_key: bool) -> Column:
    complaints = Complaints()
    type_: DataType | None = None
    options: _Options | None = None
    with complaints.collect():
        type_ = parse_type(block.location, "type", block.require("type", _TYPE_REMEDY))
    with complaints.collect():
        options = _Options.read(block)
        if options.generator is None:
            raise block.location.missing("generator", _GENERATOR_REMEDY)
    complaints.finish()
    assert type_ is not None  # noqa: S101 - else there is a complaint
    assert options is not None  # noqa: S101
    assert options.generator is not None  # noqa: S101
    return _make_column(name, type_, options.generator, options, is_key=is_key)


_OPTION_KEYS = ("generator", "references", "template")


@dataclass(frozen=True)
class _Options:
    """`nullable`, `null_ratio`, `unique`, and one of `generator`, `references` and `template`."""

    generator: Generator | None
    nullable: bool
    unique: bool
    null_ratio: float

    @classmethod
    def read(cls, block: Block) -> "_Options":
        """Read all options; refuse two sources of values, NULLs in a column that is not nullable, and unknown keys."""
        location = block.location
        sources = [key for key in _OPTION_KEYS if key in block]
        if len(sources) > 1:
            raise location.error(
                sources[1], block.take(sources[1]), f"cannot be combined with {sources[0]}", "keep one of them"
            )
        complaints = Complaints()
        generator: Generator | None = None
        nullable, unique, null_ratio = None, None, 0.0
        with complaints.collect():
            if (value := block.take("generator")) is not None:
                generator = parse_generator(location, "generator", value)
            elif (value := block.take("references")) is not None:
                generator = parse_reference(location, value)
            elif "template" in block:
                generator = _template(location, block.text("template", "write text like '{first_name}@{domain}'"))
        block.mark_known(*_OPTION_KEYS)
        with complaints.collect():
            nullable = block.flag("nullable")
        with complaints.collect():
            unique = block.flag("unique")
        with complaints.collect():
            null_ratio = block.ratio("null_ratio")
        with complaints.collect():
            block.close()
        complaints.finish()
        has_nulls = null_ratio > 0 or _gives_null(generator)
        if nullable is False and has_nulls:
            raise location.error("nullable", nullable, "contradicts the NULLs of the column", "write nullable: true")
        return cls(generator, nullable is True or has_nulls, unique is True, null_ratio)


def _make_column(name: str, type_: DataType, generator: Generator, options: _Options, *, is_key: bool) -> Column:
    """Create a column; a primary key is always unique."""
    return Column(
        name=name,
        type=type_,
        nullable=options.nullable,
        unique=options.unique or is_key,
        null_ratio=options.null_ratio,
        generator=generator,
    )


def _template(location: Location, text: str) -> Template:
    try:
        template_parts(text)
    except Problem as found:
        raise location.error_of("template", text, found) from None
    return Template(template=text)


def _gives_null(generator: Generator | None) -> bool:
    """Return whether the generator produces NULLs, so that the column is nullable without `nullable: true`."""
    match generator:
        case Null() | Static(value=None):
            return True
        case OneOf(values=values):
            return None in values
        case _:
            return False
