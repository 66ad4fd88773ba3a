"""Columns that are made from other columns: references to another table's rows, and templates over the same row's.

Every function raises SchemaError with the place in it.
"""

from collections.abc import Iterator

from spec.errors import SchemaError
from spec.generators import Reference, Template
from spec.place import Place, listed, remedy_for
from spec.placeholders import template_columns
from spec.schema import Column, Schema, Table
from spec.types import DataType, Kind

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
    for table in schema.tables:
        for column in table.columns:
            at = place.in_table(table.name).in_column(column.name)
            if isinstance(column.generator, Reference):
                _check_reference(schema, at, column, column.generator)
            elif isinstance(column.generator, Template):
                _check_template(at, table, column.generator)
    for table in schema.tables:
        for column in table.columns:
            _check_chain(schema, place, (table.name, column.name))


def linked(table: Table, column: Column) -> Iterator[Link]:
    """The columns that this one is made from."""
    if isinstance(column.generator, Reference):
        yield column.generator.table, column.generator.column
    elif isinstance(column.generator, Template):
        yield from ((table.name, name) for name in template_columns(column.generator.template))


def _check_reference(schema: Schema, at: Place, column: Column, reference: Reference) -> None:
    shown = f"{reference.table}.{reference.column}"
    tables = {table.name: table for table in schema.tables}
    if reference.table not in tables:
        raise at.error("references", shown, "leads to no table of the schema", remedy_for(reference.table, tables))
    parent = tables[reference.table]
    names = [other.name for other in parent.columns]
    if reference.column not in names:
        raise at.error("references", shown, "leads to no column of that table", f"write one of {listed(names)}")
    target = parent.column(reference.column)
    if not target.unique or target.nullable:
        remedy = f"write {parent.name}.{parent.primary_key}, or make that column unique and not nullable"
        raise at.error("references", shown, "leads to a column that names no single row", remedy)
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
            raise at.error("template", f"{{{name}}}", "is no column of the table", remedy_for(name, names))
        kind = table.column(name).type.kind
        if kind not in _AS_TEXT:
            remedy = "use columns of text, whole numbers, decimals, dates, enums, booleans and identifiers"
            raise at.error("template", f"{{{name}}}", f"is {kind}, which has no one text", remedy)


def _check_chain(schema: Schema, place: Place, start: Link) -> None:
    """Walk everything that a column is made from, depth first; a way back to the start is a cycle."""
    path: list[Link] = [start]
    open_: list[Iterator[Link]] = [linked(schema.table(start[0]), schema.table(start[0]).column(start[1]))]
    seen: set[Link] = set()
    while open_:
        following = next(open_[-1], None)
        if following is None:
            open_.pop()
            path.pop()
            continue
        if following == start or len(path) >= _MOST_LINKS:
            shown = " -> ".join(".".join(link) for link in [*path[-4:], following])
            problem = (
                "leads back to itself" if following == start else f"hangs on more than {_MOST_LINKS} others in a row"
            )
            at = place.in_table(start[0]).in_column(start[1])
            raise SchemaError(
                f"{at}: its values are made from {shown}, which {problem}; give one of them its own generator"
            )
        if following not in seen:
            seen.add(following)
            path.append(following)
            open_.append(linked(schema.table(following[0]), schema.table(following[0]).column(following[1])))


def described(type_: DataType) -> str:
    """A type as a file may write it: `varchar(50)`, `decimal(10,2)`, `int64[]`."""
    if type_.kind is Kind.DECIMAL:
        return f"decimal({type_.precision},{type_.scale})"
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return f"{described(type_.element)}[]"
    return f"{type_.kind}({type_.length})" if type_.length else str(type_.kind)
