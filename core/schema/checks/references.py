"""Columns that are made from other columns: references to another table's rows, and templates over the same row's.

Every function raises SchemaError with the place in it.
"""

from collections.abc import Iterator, Mapping

from core.errors import SchemaError
from core.schema.generators import Reference, Template
from core.schema.location import Place, listed, remedy_for
from core.schema.model import Column, Schema, Table
from core.schema.placeholders import template_columns
from core.schema.types import DataType, Kind

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


def check_links(schema: Schema, place: Place) -> None:
    """Every reference and template leads to a column that exists and fits, and none leads back to itself."""
    tables = {table.name: table for table in schema.tables}
    for table in schema.tables:
        for column in table.columns:
            at = place.in_table(table.name).in_column(column.name)
            if isinstance(column.generator, Reference):
                _check_reference(tables, at, column, column.generator)
            elif isinstance(column.generator, Template):
                _check_template(at, table, column.generator)
    _check_chains(schema, place)


def _linked(table: Table, column: Column) -> Iterator[Link]:
    """The columns that this one is made from."""
    if isinstance(column.generator, Reference):
        yield column.generator.table, column.generator.column
    elif isinstance(column.generator, Template):
        yield from ((table.name, name) for name in template_columns(column.generator.template))


def _check_reference(tables: Mapping[str, Table], at: Place, column: Column, reference: Reference) -> None:
    shown = f"{reference.table}.{reference.column}"
    if reference.table not in tables:
        raise at.error("references", shown, "refers to an unknown table", remedy_for(reference.table, tables))
    parent = tables[reference.table]
    names = [other.name for other in parent.columns]
    if reference.column not in names:
        raise at.error("references", shown, "refers to an unknown column", f"write one of {listed(names)}")
    target = parent.column(reference.column)
    if not target.unique or target.nullable:
        remedy = f"write {parent.name}.{parent.primary_key}, or make that column unique and not nullable"
        raise at.error("references", shown, "refers to a column that does not identify a row", remedy)
    if target.type != column.type:
        raise at.error(
            "references",
            shown,
            f"is {described(target.type)}",
            f"give this column that type, not {described(column.type)}",
        )


def _check_template(at: Place, table: Table, template: Template) -> None:
    names = [column.name for column in table.columns]
    for name in template_columns(template.template):
        if name not in names:
            raise at.error("template", f"{{{name}}}", "is not a column of the table", remedy_for(name, names))
        kind = table.column(name).type.kind
        if kind not in _AS_TEXT:
            remedy = "use columns of text, whole numbers, decimals, dates, enums, booleans and identifiers"
            raise at.error("template", f"{{{name}}}", f"is {kind}, which has no one text", remedy)


def _check_chains(schema: Schema, place: Place) -> None:
    """Walk everything that each column is made from, depth first; a way back to where it began is a cycle."""
    made_from = {
        (table.name, column.name): tuple(_linked(table, column)) for table in schema.tables for column in table.columns
    }
    for start, links in made_from.items():
        path, seen = [start], {start}
        ahead = [iter(links)]
        while ahead:
            following = next(ahead[-1], None)
            if following is None:
                ahead.pop()
                path.pop()
            elif following == start or len(path) >= _MOST_LINKS:
                raise _endless(place, [*path, following])
            elif following not in seen:
                seen.add(following)
                path.append(following)
                ahead.append(iter(made_from[following]))


def _endless(place: Place, path: list[Link]) -> SchemaError:
    (table, column), end = path[0], path[-1]
    problem = "leads back to itself" if end == path[0] else f"depends on more than {_MOST_LINKS} others in a row"
    shown = " -> ".join(".".join(link) for link in path[-5:])
    at = place.in_table(table).in_column(column)
    return SchemaError(f"{at}: its values are made from {shown}, which {problem}; give one of them its own generator")


def described(type_: DataType) -> str:
    """A type as a file may write it: `varchar(50)`, `decimal(10,2)`, `int64[]`."""
    if type_.kind is Kind.DECIMAL:
        return f"decimal({type_.precision},{type_.scale})"
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return f"{described(type_.element)}[]"
    return f"{type_.kind}({type_.length})" if type_.length else str(type_.kind)
