"""Check columns that are computed from other columns: references to other tables, and templates over the same row."""

from collections.abc import Iterator, Mapping

from core.errors import Complaints, SchemaError
from core.schema.generators import Reference, Template
from core.schema.location import Location, remedy_for
from core.schema.model import Column, Schema, Table
from core.schema.placeholders import template_columns
from core.schema.types import DataType, Kind
from core.text import listed

_MOST_LINKS = 32
_AS_TEXT = frozenset(Kind) - {
    Kind.ARRAY,
    Kind.BLOB,
    Kind.BYTES,
    Kind.DATETIME,
    Kind.DURATION,
    Kind.FLOAT32,
    Kind.FLOAT64,
    Kind.POINT,
    Kind.SET,
    Kind.TIME,
    Kind.TIMESTAMP,
    Kind.TIMESTAMP_TZ,
}
Link = tuple[str, str]
"""A column as (table, column)."""


def check_links(schema: Schema, location: Location) -> None:
    """Check that references and templates name existing columns of a fitting type, without cycles; raises SchemaError."""
    tables = {table.name: table for table in schema.tables}
    complaints = Complaints()
    for table in schema.tables:
        for column in table.columns:
            column_location = location.in_table(table.name).in_column(column.name)
            with complaints.collect():
                if isinstance(column.generator, Reference):
                    _check_reference(tables, column_location, column, column.generator)
                elif isinstance(column.generator, Template):
                    _check_template(column_location, table, column.generator)
    complaints.finish()
    _check_chains(schema, location)


def _computed_from(table: Table, column: Column) -> Iterator[Link]:
    """Yield the columns that this one is computed from."""
    if isinstance(column.generator, Reference):
        yield column.generator.table, column.generator.column
    elif isinstance(column.generator, Template):
        yield from ((table.name, name) for name in template_columns(column.generator.template))


def _check_reference(tables: Mapping[str, Table], location: Location, column: Column, reference: Reference) -> None:
    shown = f"{reference.table}.{reference.column}"
    if reference.table not in tables:
        raise location.error("references", shown, "refers to an unknown table", remedy_for(reference.table, tables))
    parent = tables[reference.table]
    names = [other.name for other in parent.columns]
    if reference.column not in names:
        raise location.error("references", shown, "refers to an unknown column", f"write one of {listed(names)}")
    target = parent.column(reference.column)
    if not target.unique or target.nullable:
        remedy = f"write {parent.name}.{parent.primary_key}, or make that column unique and not nullable"
        raise location.error("references", shown, "refers to a column that does not identify a row", remedy)
    if target.type != column.type:
        raise location.error(
            "references",
            shown,
            f"is {type_text(target.type)}",
            f"give this column that type, not {type_text(column.type)}",
        )


def _check_template(location: Location, table: Table, template: Template) -> None:
    names = [column.name for column in table.columns]
    for name in template_columns(template.template):
        if name not in names:
            raise location.error("template", f"{{{name}}}", "is not a column of the table", remedy_for(name, names))
        kind = table.column(name).type.kind
        if kind not in _AS_TEXT:
            remedy = "use columns of text, whole numbers, decimals, dates, enums, booleans and identifiers"
            raise location.error("template", f"{{{name}}}", f"is {kind}, which has no single text form", remedy)


def _check_chains(schema: Schema, location: Location) -> None:
    """Walk the columns that each column is computed from, depth first; refuse cycles and long chains."""
    sources = {
        (table.name, column.name): tuple(_computed_from(table, column))
        for table in schema.tables
        for column in table.columns
    }
    for start, links in sources.items():
        path, seen = [start], {start}
        unvisited = [iter(links)]
        while unvisited:
            following = next(unvisited[-1], None)
            if following is None:
                unvisited.pop()
                path.pop()
            elif following == start or len(path) >= _MOST_LINKS:
                raise _chain_error(location, [*path, following])
            elif following not in seen:
                seen.add(following)
                path.append(following)
                unvisited.append(iter(sources[following]))


def _chain_error(location: Location, path: list[Link]) -> SchemaError:
    (table, column), end = path[0], path[-1]
    problem = "is a cycle" if end == path[0] else f"is longer than {_MOST_LINKS} columns"
    shown = " -> ".join(".".join(link) for link in path[-5:])
    location = location.in_table(table).in_column(column)
    return SchemaError(
        f"{location}: its values are computed from {shown}, which {problem}; give one of them its own generator"
    )


def type_text(type_: DataType) -> str:
    """Return a type as text, like `varchar(50)`, `decimal(10,2)` or `int64[]`."""
    if type_.kind is Kind.DECIMAL:
        return f"decimal({type_.precision},{type_.scale})"
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return f"{type_text(type_.element)}[]"
    return f"{type_.kind}({type_.length})" if type_.length else str(type_.kind)
