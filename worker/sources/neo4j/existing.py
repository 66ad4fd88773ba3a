"""Compare a database, a label and its nodes with what a run needs, without changing anything.

Sources: neo4j.com, "Cypher Manual: Constraints", "Indexes", "Property types"; "Operations Manual: SHOW DATABASES". Constraints
on types, on existence and on node keys are the enterprise edition's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.schema.checks.listed_values import largest_value
from core.schema.checks.neo4j import LONGEST_KEY
from core.schema.model import Table
from worker.sources.neo4j.connection import Neo4jSession
from worker.sources.neo4j.ddl import constraint_name, name
from worker.sources.neo4j.types import cypher_type

Described = Mapping[str, Any]
"""A row of a SHOW command."""
SAMPLED_NODES = 100
"""How many nodes of a label are inspected, as a sample of all its nodes."""
_UNIQUE = ("UNIQUENESS", "NODE_PROPERTY_UNIQUENESS")
_KEY, _EXISTENCE, _TYPE = "NODE_KEY", "NODE_PROPERTY_EXISTENCE", "NODE_PROPERTY_TYPE"
_LONGEST_INDEXED: Mapping[str, int] = {"RANGE": LONGEST_KEY, "TEXT": 32_000}
"""Longest value in bytes, by the kind of index; a larger value ends the transaction that writes it."""
_FOREIGN = "which Loadtest did not create; remove them, or load into another database"


def database_complaints(found: Iterable[Described], database: str) -> Iterator[str]:
    """Yield why a database cannot be loaded, from SHOW DATABASES, which has a row for each copy of it."""
    copies = [row for row in found if database.lower() in _database_names(row)]
    if not copies:
        return
    if (kind := copies[0].get("type", "standard")) != "standard":
        yield f"is a {kind} database, which has no nodes of its own; name another in the connection string"
        return
    if all(row["currentStatus"] != "online" for row in copies):
        reason = copies[0].get("statusMessage") or copies[0].get("error")
        yield f"is {copies[0]['currentStatus']}{f' ({reason})' if reason else ''}, wanted online; start it with START DATABASE"
    if any(row.get("access") == "read-only" for row in copies):
        yield (
            "is read-only, wanted read-write; take it out of server.databases.read_only, or use ALTER DATABASE … SET ACCESS "
            "READ WRITE"
        )


def _database_names(row: Described) -> list[str]:
    return [str(each).lower() for each in (row["name"], *(row.get("aliases") or ()))]


def on_label(described: Iterable[Described], table: Table) -> list[Described]:
    """Return the constraints or indexes on a table's label."""
    return [row for row in described if row["entityType"] == "NODE" and table.name in (row.get("labelsOrTypes") or ())]


def makes_key_unique(constraint: Described, table: Table) -> bool:
    """Return whether a constraint on the table's label is the one that a run would create, under any name."""
    return constraint["type"] in (*_UNIQUE, _KEY) and list(constraint["properties"]) == [table.primary_key]


def constraint_complaints(constraint: Described, table: Table) -> Iterator[str]:
    """Yield complaints about a constraint on the table's label that the schema's rows violate."""
    kind, properties = str(constraint["type"]), [str(each) for each in constraint["properties"] or ()]
    where = f"{', '.join(properties)}: has"
    columns = {column.name: column for column in table.columns}
    dropped = f"DROP CONSTRAINT {name(str(constraint['name']))}"
    absent = [each for each in properties if each not in columns]
    values_repeat = table.unique_columns.isdisjoint(properties) and not (absent and kind != _KEY)
    if kind in (*_UNIQUE, _KEY) and values_repeat:
        yield (
            f"{where} {_kind_text(kind)} constraint {constraint['name']!r}, but the schema's values repeat; {dropped}, or make "
            "the column unique in the schema"
        )
    if kind in (_KEY, _EXISTENCE):
        for each in properties:
            if each in absent or columns[each].nullable or columns[each].null_ratio:
                gives = "no such column" if each in absent else "nulls, which are not stored as properties"
                yield f"{each}: has {_kind_text(kind)} constraint {constraint['name']!r}, and the schema has {gives}; {dropped}"
    elif kind == _TYPE:
        for each in properties:
            allowed = str(constraint.get("propertyType"))
            if each in columns and (wanted := cypher_type(columns[each].type)) not in allowed.split(" | "):
                yield f"{each}: has type constraint {constraint['name']!r} for {allowed}, wanted {wanted}; {dropped}"
    elif kind not in _UNIQUE:
        yield f"{where} constraint {constraint['name']!r} of an unknown type ({kind}); {dropped}"


def index_complaints(index: Described, table: Table) -> Iterator[str]:
    """Yield complaints about an index on the table's label that refuses values, or prevents the key's constraint."""
    kind, properties = str(index["type"]), [str(each) for each in index["properties"] or ()]
    if index.get("owningConstraint") or index.get("uniqueness") == "UNIQUE":
        return
    where, dropped = f"{', '.join(properties)}: has", f"DROP INDEX {name(str(index['name']))}"
    if kind in ("RANGE", "BTREE") and properties == [table.primary_key]:
        yield f"{where} index {index['name']!r}, wanted a uniqueness constraint, which has an index of its own; {dropped}"
        return
    if index.get("state") == "FAILED":
        yield f"{where} index {index['name']!r} that has failed, wanted online; {dropped}"
    longest = _LONGEST_INDEXED.get(kind)
    sizes = {column.name: largest_value(column) for column in table.columns}
    if longest is not None and (size := sum(sizes.get(each, 0) for each in properties)) > longest:
        yield (
            f"{where} {kind.lower()} index {index['name']!r}, which takes {longest:,} bytes of a value, and the schema's have "
            f"up to {size:,}; {dropped}"
        )


def name_complaints(described: Iterable[Described], table: Table) -> Iterator[str]:
    """Yield a complaint if the constraint's name is taken by another one: `IF NOT EXISTS` would keep that."""
    wanted = constraint_name(table)
    for row in described:
        if row["name"] != wanted:
            continue
        on, properties = list(row.get("labelsOrTypes") or ()), list(row.get("properties") or ())
        if on != [table.name] or properties != [table.primary_key]:
            yield (
                f"{table.primary_key}: the name {wanted!r} belongs to another constraint or index ({on}, {properties}); "
                "drop it"
            )


def node_complaints(session: Neo4jSession, table: Table, tables: Sequence[str]) -> Iterator[str]:
    """Yield complaints about properties, labels and relationships that no run creates on the label's nodes."""
    nodes = f"MATCH (n:{name(table.name)})"
    sample = f"{nodes} WITH n LIMIT {SAMPLED_NODES} UNWIND keys(n) AS key RETURN DISTINCT key ORDER BY key"
    columns = {column.name for column in table.columns}
    if further := [key for (key,) in session.rows(sample) if key not in columns]:
        yield f"its nodes have {', '.join(further)}, wanted no others; delete them or load into another database"
    labels = f"{nodes} WHERE size(labels(n)) > 1 UNWIND labels(n) AS label WITH label WHERE label <> $label"
    for label, count in session.rows(f"{labels} RETURN label, count(*) ORDER BY label", label=table.name):
        yield f"{count} of its nodes also have the label {label!r}, {_FOREIGN}"
    yield from _relationship_complaints(session, table, tables)


def _relationship_complaints(session: Neo4jSession, table: Table, tables: Sequence[str]) -> Iterator[str]:
    relationships = (
        f"MATCH (n:{name(table.name)})-[r]-(m) WHERE NOT any(label IN labels(m) WHERE label IN $tables) "
        "RETURN type(r), labels(m), startNode(r) = n, count(*) ORDER BY type(r), labels(m)"
    )
    for type_, labels, outgoing, count in session.rows(relationships, tables=list(tables)):
        others = f"{'to' if outgoing else 'from'} nodes with {_labels_text(labels)}"
        yield f"its nodes have {count} relationships of type {type_!r} {others}, {_FOREIGN}"


def has_equal_keys(session: Neo4jSession, table: Table) -> bool:
    """Return whether two nodes of the label have the same key, which prevents the constraint."""
    key = name(table.primary_key)
    nodes = f"MATCH (n:{name(table.name)}) WHERE n.{key} IS NOT NULL"
    return bool(session.rows(f"{nodes} WITH n.{key} AS key, count(*) AS nodes WHERE nodes > 1 RETURN nodes LIMIT 1"))


def _labels_text(labels: Sequence[str]) -> str:
    if not labels:
        return "no label"
    return f"the {'labels' if len(labels) > 1 else 'label'} {', '.join(map(repr, labels))}"


def _kind_text(kind: str) -> str:
    return {_KEY: "a node key", _EXISTENCE: "an existence"}.get(kind, "a uniqueness")
