"""`worker schema`: validate a schema file and show each table with its types, generators and size."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import to_json

from core.errors import ExitCode, InputError
from core.options import default_of
from core.plan import BASE_INSTANT
from core.schema.checks.capacity import check_rows
from core.schema.checks.references import type_text
from core.schema.file import load_schema
from core.schema.model import Column, Table
from core.units import format_size
from worker.commands.generate import shown_cells
from worker.commands.text_table import text_table
from worker.generate import Dataset, TableRows

_HEADER = ("column", "type", "generator", "bytes", "row 0")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `worker schema`."""
    parser.add_argument("schema", type=Path, help="the schema file")
    for option, text in (("row_count", "rows of each table"), ("seed", "the base seed of the values shown")):
        parser.add_argument(
            f"--{option.replace('_', '-')}", type=int, default=default_of(option), help=f"{text} (default: %(default)s)"
        )


def run(arguments: Namespace) -> int:
    """Show the schema; raise SchemaError for its first mistake."""
    if arguments.row_count < 1:
        raise InputError.of("--row-count", arguments.row_count, "is not a valid number of rows", "write 1 or more")
    schema = load_schema(arguments.schema)
    check_rows(schema, [table.name for table in schema.tables], arguments.row_count)
    dataset = Dataset(schema, arguments.seed, arguments.row_count, BASE_INSTANT)
    shown = [_shown(table, dataset.table(table.name), arguments.row_count) for table in schema.tables]
    sys.stdout.write("\n".join(shown))
    return ExitCode.OK


def _shown(table: Table, rows: TableRows, count: int) -> str:
    size = table.estimated_row_bytes
    title = f"{table.name}: about {size} bytes per row, {format_size(size * count)} in {count:,} rows\n"
    (values,) = shown_cells(table, rows.batch(0, 1))
    lines = [_line(table, column, value) for column, value in zip(table.columns, values, strict=True)]
    return title + text_table(_HEADER, lines)


def _line(table: Table, column: Column, value: str) -> tuple[str, ...]:
    marks = [
        "primary key" if column.name == table.primary_key else "unique" if column.unique else "",
        "nullable" if column.nullable and not column.null_ratio else "",
        f"{column.null_ratio:.0%} NULL" if column.null_ratio else "",
    ]
    type_ = ", ".join([type_text(column.type), *filter(None, marks)])
    return column.name, type_, _generator(column), f"{column.estimated_bytes:.0f}", value


def _generator(column: Column) -> str:
    """Return the generator's name and its parameters, without those that have their default."""
    return " ".join([column.generator.type, *_given(column.generator)])


def _given(model: BaseModel) -> list[str]:
    defaults = type(model).model_fields.items()
    values = {name: getattr(model, name) for name, field in defaults if getattr(model, name) != field.default}
    return [f"{name}={_brief(value)}" for name, value in values.items() if name != "type"]


def _brief(value: object) -> str:
    if isinstance(value, BaseModel):
        return ",".join([str(getattr(value, "type", "")), *_given(value)])
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, str | Decimal) else to_json(value).decode()
