"""Read schema files of either dialect, and check each schema as a whole."""

from pathlib import Path

from core.errors import Problem, SchemaError
from core.files import reason_of
from core.schema.checks.capacity import capacity
from core.schema.checks.compatibility import check_fit
from core.schema.checks.references import check_links
from core.schema.generators import Reference
from core.schema.location import Location
from core.schema.model import Schema, Table
from core.schema.parsing import tables
from core.schema.parsing.block import Block, checked_name, refuse_repeats
from core.schema.yaml_text import MOST_BYTES, parse_yaml

_TABLES = "write a list of tables, each with columns (or with id and fields)"


def load_schema(path: Path) -> Schema:
    """Read a schema file; raises SchemaError for a file that is not a valid schema."""
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
    return parse_schema(text.removeprefix("\ufeff"), origin)


def parse_schema(text: str, origin: str) -> Schema:
    """Parse a schema; `origin` names the text in errors. Raises SchemaError for text that is not a valid schema."""
    location = Location(origin)
    root = parse_yaml(text, origin)
    if root is None:
        raise location.missing("tables", _TABLES)
    block = Block(location, "the file", root)
    version = block.take("version", 1)
    if version != 1 or isinstance(version, bool):
        raise location.error("version", version, "is not a version of this format", "write version: 1")
    items = block.items("tables", _TABLES)
    block.close()
    schema = Schema(tables=tuple(_read_table(location, number, item) for number, item in enumerate(items, start=1)))
    _check_schema(schema, origin)
    return schema


def _read_table(location: Location, number: int, item: object) -> Table:
    block = Block(location.in_table(f"#{number}"), "tables", item)
    name = checked_name(block.location, "name", block.text("name", "write the table's name"))
    block.location = location.in_table(name)
    if "columns" in block:
        table = tables.read_columns(block)
    elif "id" in block or "fields" in block:
        table = tables.read_fields(block)
    else:
        raise block.location.missing("columns", "write its columns (or its id and fields)")
    return table


def _check_schema(schema: Schema, origin: str) -> None:
    """Raise SchemaError for the first rule that the schema violates."""
    location = Location(origin)
    refuse_repeats(location, "tables", [table.name for table in schema.tables])
    for table in schema.tables:
        refuse_repeats(location.in_table(table.name), "columns", [column.name for column in table.columns])
    check_links(schema, location)
    for table in schema.tables:
        for column in table.columns:
            column_location = location.in_table(table.name).in_column(column.name)
            if column.name == table.primary_key and column.nullable:
                raise column_location.error(
                    "nullable", "true", "is not possible in a primary key", "drop nullable and null_ratio"
                )
            try:
                if not isinstance(column.generator, Reference):
                    check_fit(column.type, column.generator, nullable=column.nullable)
                capacity(table, column)
            except Problem as found:
                raise column_location.error_of("generator", column.generator.type, found) from None
