"""Read schema files of either dialect, and check each schema as a whole."""

from pathlib import Path
from typing import NamedTuple

from core.errors import Complaints, Problem, SchemaError
from core.files import reason_of
from core.schema.checks.capacity import capacity
from core.schema.checks.compatibility import check_fit
from core.schema.checks.references import check_links
from core.schema.generators import Reference
from core.schema.location import Location
from core.schema.model import Column, Schema, Table
from core.schema.parsing import tables
from core.schema.parsing.block import Block, checked_name, refuse_repeats
from core.schema.yaml_text import MOST_BYTES, parse_yaml

_TABLES = "write a list of tables, each with columns (or with id and fields)"


class SchemaFile(NamedTuple):
    """A schema, and the location of its file, from which later checks get lines."""

    schema: Schema
    location: Location


def load_schema(path: Path) -> Schema:
    """Read a schema file; raises SchemaError with everything that is not valid in it."""
    return read_schema(path).schema


def read_schema(path: Path) -> SchemaFile:
    """Read a schema file as `load_schema` does, and return the schema with its location."""
    origin = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise SchemaError(
            f"{origin}: does not exist; write the path of a schema file, like schemas/shop.yaml"
        ) from None
    except IsADirectoryError:
        raise SchemaError(f"{origin}: is a folder; write the path of a schema file in it") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise SchemaError(f"{origin!r}: cannot be read: {reason_of(error)}") from None
    if len(data) > MOST_BYTES:
        raise SchemaError(f"{origin}: is larger than {MOST_BYTES >> 10} KiB, the most that a schema may have; split it")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise SchemaError(f"{origin}: byte {error.start} is not valid UTF-8; save the file as UTF-8") from None
    return locate_schema(text.removeprefix("\ufeff"), origin)


def parse_schema(text: str, origin: str) -> Schema:
    """Parse a schema; `origin` names the text in errors. Raises SchemaError with everything that is not valid in it."""
    return locate_schema(text, origin).schema


def locate_schema(text: str, origin: str) -> SchemaFile:
    """Parse a schema as `parse_schema` does, and return it with its location."""
    location = Location(origin)
    root = parse_yaml(text, origin)
    if root is None:
        raise location.missing("tables", _TABLES)
    block = Block(location, "the file", root)
    complaints = Complaints()
    with complaints.collect():
        version = block.take("version", 1)
        if version != 1 or isinstance(version, bool):
            raise location.error("version", version, "is not a version of this format", "write version: 1")
    tables: list[Table] = []
    with complaints.collect():
        for number, item in enumerate(block.items("tables", _TABLES), start=1):
            with complaints.collect():
                tables.append(_read_table(location, number, item))
    with complaints.collect():
        block.close()
    complaints.finish()
    schema = Schema(tables=tuple(tables))
    _check_schema(schema, location)
    return SchemaFile(schema, location)


def _read_table(location: Location, number: int, item: object) -> Table:
    block = Block(location.in_table(f"#{number}"), "tables", item)
    name = checked_name(block.location, "name", block.text("name", "write the table's name"))
    block.rename(location.in_table(name))
    if "columns" in block:
        table = tables.read_columns(block)
    elif "id" in block or "fields" in block:
        table = tables.read_fields(block)
    else:
        raise block.location.missing("columns", "write its columns (or its id and fields)")
    return table


def _check_schema(schema: Schema, location: Location) -> None:
    """Raise SchemaError with every rule that the schema violates."""
    complaints = Complaints()
    with complaints.collect():
        refuse_repeats(location, "tables", [table.name for table in schema.tables])
    for table in schema.tables:
        with complaints.collect():
            refuse_repeats(location.in_table(table.name), "columns", [column.name for column in table.columns])
    # Further checks find tables and columns by their names.
    complaints.finish()
    with complaints.collect():
        check_links(schema, location)
    for table in schema.tables:
        for column in table.columns:
            with complaints.collect():
                _check_column(table, column, location.in_table(table.name).in_column(column.name))
    complaints.finish()


def _check_column(table: Table, column: Column, location: Location) -> None:
    if column.name == table.primary_key and column.nullable:
        raise location.error("nullable", "true", "is not possible in a primary key", "drop nullable and null_ratio")
    try:
        if not isinstance(column.generator, Reference):
            check_fit(column.type, column.generator, nullable=column.nullable)
        capacity(table, column)
    except Problem as found:
        raise location.error_of("generator", column.generator.type, found) from None
