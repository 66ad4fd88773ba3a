"""Schema files: read, in either dialect, and checked as a whole before anything else happens."""

from pathlib import Path

from core.errors import SchemaError
from core.schema.checks.schema import check_schema
from core.schema.location import Place
from core.schema.model import Schema, Table
from core.schema.parsing import columns, fields
from core.schema.parsing.block import Block
from core.schema.parsing.names import checked_name
from core.schema.yaml_text import MOST_BYTES, parse_yaml

_TABLES = "write a list of tables, each with columns (or with id and fields)"


def load_schema(path: Path) -> Schema:
    """The schema in a file; raises SchemaError for a file that cannot be read as one."""
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
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise SchemaError(f"{origin!r}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(data) > MOST_BYTES:
        raise SchemaError(f"{origin}: is larger than {MOST_BYTES >> 10} KiB, the most that a schema may have; split it")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise SchemaError(f"{origin}: byte {error.start} is no UTF-8; save the file as UTF-8") from None
    return parse_schema(text.removeprefix("\ufeff"), origin)


def parse_schema(text: str, origin: str) -> Schema:
    """The schema that `text` holds; `origin` names it in errors. Raises SchemaError, one line, for what is none."""
    place = Place(origin)
    root = parse_yaml(text, origin)
    if root is None:
        raise place.missing("tables", _TABLES)
    block = Block(place, "the file", root)
    version = block.take("version", 1)
    if version != 1 or isinstance(version, bool):
        raise place.error("version", version, "is no version of this format", "write version: 1")
    items = block.items("tables", _TABLES)
    block.close()
    schema = Schema(tables=tuple(_read_table(place, number, item) for number, item in enumerate(items, start=1)))
    check_schema(schema, origin)
    return schema


def _read_table(place: Place, number: int, item: object) -> Table:
    block = Block(place.in_table(f"#{number}"), "tables", item)
    name = checked_name(block.place, "name", block.text("name", "write the table's name"))
    block.place = place.in_table(name)
    if "columns" in block:
        table = columns.read_table(block)
    elif "id" in block or "fields" in block:
        table = fields.read_table(block)
    else:
        raise block.place.missing("columns", "write its columns (or its id and fields)")
    return table
