"""`worker generate`: write any rows of a table to standard output as a text table, CSV or JSON lines."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import ExitCode, InputError
from core.options import default_of
from core.plan import BASE_INSTANT
from core.schema.file import load_schema
from core.schema.model import Schema, Table
from core.stores import CSV, JSONL
from worker.commands.text_table import text_table
from worker.encode.csv import CsvEncoder
from worker.encode.encoder import RowEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.generate import Dataset, TableRows

_BATCH = 10_000
_MOST_SHOWN = 10_000
_LAST = 1 << 62
_ENCODERS: Mapping[str, Callable[[Table], RowEncoder]] = {CSV.name: CsvEncoder, JSONL.name: NdjsonEncoder}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `worker generate`."""
    parser.add_argument("--schema", type=Path, required=True, help="the schema file")
    parser.add_argument("--table", help="the table (default: the schema's first)")
    parser.add_argument(
        "--rows", default="0:10", help="the first row, from 0, and the row after the last (default: 0:10)"
    )
    parser.add_argument("--columns", help="only these columns, separated by commas (default: all)")
    parser.add_argument("--format", choices=["table", *_ENCODERS], default="table", help="default: table")
    parser.add_argument("--seed", type=int, default=default_of("seed"), help="the base seed (default: %(default)s)")
    parser.add_argument("--row-count", type=int, help="rows of each table, for references (default: the end of --rows)")


def run(arguments: Namespace) -> int:
    """Write the rows; raise InputError if the rows, the table or a column do not exist."""
    schema = load_schema(arguments.schema)
    table = schema.table(arguments.table) if arguments.table else schema.tables[0]
    first, end = parse_rows(arguments.rows)
    columns = _columns(table, arguments.columns)
    rows = _dataset(schema, arguments.seed, arguments.row_count, end).table(table.name)
    chosen = table.model_copy(update={"columns": tuple(table.column(name) for name in columns)})
    if arguments.format == "table":
        sys.stdout.write(_shown(rows, chosen, first, end, columns))
    else:
        _stream(rows, _ENCODERS[arguments.format](chosen), first, end, columns)
    return ExitCode.OK


def parse_rows(text: str) -> tuple[int, int]:
    """Parse `FIRST:END` or `END` into the first row and the row after the last; raise InputError for other text."""
    first, _, end = text.rpartition(":")
    if not (first or "0").isdecimal() or not end.isdecimal() or not int(first or 0) <= int(end) <= _LAST:
        raise InputError.of(
            "--rows", text, "is not a valid range of rows", "write the first row and the end, like 0:10 or 1000:1010"
        )
    return int(first or 0), int(end)


def shown_cells(table: Table, batch: Any) -> list[list[str]]:
    """Return the values of each row as readable text: strings as they are, NULL as `NULL`, others as in JSON."""
    lines = NdjsonEncoder(table).encode(batch).cut(terminator=1)
    return [[_cell(value) for value in json.loads(line, parse_float=str).values()] for line in lines]


def _cell(value: object) -> str:
    if value is None:
        return "NULL"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _columns(table: Table, text: str | None) -> list[str]:
    names = [column.name for column in table.columns]
    return [table.column(name.strip()).name for name in text.split(",")] if text else names


def _dataset(schema: Schema, seed: int, row_count: int | None, end: int) -> Dataset:
    if row_count is not None and row_count < 0:
        raise InputError.of("--row-count", row_count, "is below 0", "write the rows that each table has")
    return Dataset(schema, seed, end if row_count is None else row_count, BASE_INSTANT)


def _batches(rows: TableRows, first: int, end: int, columns: list[str]) -> Iterator[Any]:
    for start in range(first, end, _BATCH):
        yield rows.batch(start, min(_BATCH, end - start), columns)


def _shown(rows: TableRows, table: Table, first: int, end: int, columns: list[str]) -> str:
    if end - first > _MOST_SHOWN:
        remedy = f"ask for at most {_MOST_SHOWN:,}, or write --format csv or jsonl"
        raise InputError.of("--rows", f"{first}:{end}", "has too many rows for a table", remedy)
    cells = [line for batch in _batches(rows, first, end, columns) for line in shown_cells(table, batch)]
    return text_table(["row", *columns], [[str(row), *line] for row, line in enumerate(cells, start=first)])


def _stream(rows: TableRows, encoder: RowEncoder, first: int, end: int, columns: list[str]) -> None:
    output = sys.stdout.buffer
    try:
        output.write(encoder.header)
        for batch in _batches(rows, first, end, columns):
            output.write(encoder.encode(batch).data)
        output.flush()
    except BrokenPipeError:
        # The reader, for example `head`, has closed the pipe. Without standard output, Python flushes nothing at exit.
        sys.stdout = None
