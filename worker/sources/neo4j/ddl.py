"""Names, patterns and constraints in Cypher."""

from core.schema.model import Table


def name(of: str) -> str:
    """Quote a label, a property or the name of a constraint."""
    return "`" + of.replace("`", "``") + "`"


def node(table: Table, row: str) -> str:
    """Return a node's pattern that takes its values by position. With a map, every row would repeat the property names."""
    properties = ", ".join(f"{name(column.name)}: {row}[{place}]" for place, column in enumerate(table.columns))
    return f"n:{name(table.name)} {{{properties}}}"


def constraint_name(table: Table) -> str:
    """Return a constraint name that is unique per table; names of a schema contain no dot."""
    return f"loadtest.{table.name}.{table.primary_key}"


def constraint(table: Table) -> str:
    """Return the statement that makes the key unique, and indexes it."""
    label, key = name(table.name), name(table.primary_key)
    return f"CREATE CONSTRAINT {name(constraint_name(table))} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
