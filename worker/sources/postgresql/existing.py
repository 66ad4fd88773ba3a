"""Compare a table that exists with the one that a run needs, without changing anything."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import psycopg

from core.schema.generators import Reference
from core.schema.model import Table
from worker.sources.postgresql import catalogue
from worker.sources.postgresql.catalogue import ForeignKey, Partition, Relation
from worker.sources.postgresql.types import column_type

_KINDS: Mapping[str, str] = {
    "v": "view", "m": "materialized view", "f": "foreign table", "S": "sequence", "i": "index",
    "I": "partitioned index", "c": "composite type",
}  # fmt: skip
_TABLES = ("r", "p")
PARTITIONED = "p"
_HASH = re.compile(r"modulus (\d+)", re.IGNORECASE)
_RANGE = re.compile(r"FOR VALUES FROM (.*) TO (.*)")


@dataclass
class Existing:
    """Complaints and warnings about an existing table, and whether foreign keys link it to tables of the run."""

    relation: Relation
    complaints: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    linked: bool = False


def inspect(
    cursor: "psycopg.Cursor[Any]", schema: str, table: Table, relation: Relation, run: Mapping[int, str]
) -> Existing:
    """Compare one table; `run` maps the oid of each relation with rows of the run to the name of its table."""
    where = f"{schema}.{table.name}"
    existing = Existing(relation)
    if relation.kind not in _TABLES:
        kind = _KINDS.get(relation.kind, f"relation of kind {relation.kind!r}")
        existing.complaints.append(f"{where}: is a {kind}, wanted a table; drop it, or load into another schema")
        return existing
    if relation.partition_of:
        existing.complaints.append(
            f"{where}: is a partition of {relation.partition_of}, which accepts only rows within its bounds; detach it"
        )
    if relation.row_security:
        existing.complaints.append(
            f"{where}: has row level security for the user, wanted none; disable it, or grant the user BYPASSRLS"
        )
    parts = catalogue.partitions(cursor, relation)
    existing.complaints += _columns(cursor, where, table, relation)
    existing.complaints += _indexes(cursor, where, table, relation)
    existing.complaints += _partitions(where, relation, parts)
    existing.complaints += [
        f"{where}: has constraint {name!r} ({definition}), wanted none, since generated rows may violate it; drop it"
        for name, definition in catalogue.constraints(cursor, relation)
    ]
    existing.complaints += [
        f"{where}: has rule {name!r} ON {event}, wanted none, since it changes what is loaded or removed; drop it"
        for name, event in catalogue.rules(cursor, relation)
    ]
    for key in catalogue.foreign_keys(cursor, relation):
        _reference(where, table, key, run, existing)
    _warn(cursor, table, existing)
    return existing


def _columns(cursor: "psycopg.Cursor[Any]", where: str, table: Table, relation: Relation) -> list[str]:
    found = {column.name: column for column in catalogue.columns(cursor, relation)}
    complaints = []
    for column in table.columns:
        at, wanted, has = f"{where}.{column.name}", column_type(column.type), found.pop(column.name, None)
        if has is None:
            complaints.append(f"{at}: is missing, wanted {wanted}; add the column or drop the table")
            continue
        if has.generated:
            complaints.append(f"{at}: is a generated column, wanted a plain one; drop the expression")
        if has.type != wanted:
            complaints.append(f"{at}: has type {has.type}, wanted {wanted}; change the type or drop the table")
        if has.not_null == column.nullable:
            is_, wish = ("NOT NULL", "nullable") if has.not_null else ("nullable", "NOT NULL")
            complaints.append(
                f"{at}: is {is_}, wanted {wish}; ALTER COLUMN ... {'DROP' if has.not_null else 'SET'} NOT NULL"
            )
        if not has.deterministic and column.name in table.unique_columns:
            complaints.append(
                f"{at}: has a collation in which different keys may be equal, wanted a deterministic one; change the collation"
            )
    complaints += [
        f"{where}.{column.name}: exists ({column.type}), but is not in the schema; drop it or add it to the schema"
        for column in found.values()
    ]
    return complaints


def _indexes(cursor: "psycopg.Cursor[Any]", where: str, table: Table, relation: Relation) -> list[str]:
    """Return complaints about the primary key, and about unique indexes that rows of the schema may violate."""
    indexes = catalogue.unique_indexes(cursor, relation)
    key = next((list(index.keys) for index in indexes if index.primary), [])
    complaints = []
    if key != [table.primary_key]:
        has = ", ".join(map(str, key)) or "none"
        complaints.append(f"{where}: has primary key {has}, wanted {table.primary_key}; change the key")
    unique = {column.name: column for column in table.columns if column.name in table.unique_columns}
    for index in indexes:
        keys = [unique[name] for name in index.keys if name in unique]
        if index.primary or any(not (index.nulls_not_distinct and column.nullable) for column in keys):
            continue
        shown = ", ".join(name or "(expression)" for name in index.keys)
        complaints.append(
            f"{where}: has unique index {index.name!r} ({shown}), but the schema's values repeat; drop the index, or make "
            "the column unique in the schema"
        )
    return complaints


def _partitions(where: str, relation: Relation, parts: Sequence[Partition]) -> list[str]:
    if relation.kind != PARTITIONED:
        return [
            f"{where}: {part.name} inherits from it, whose rows belong to it as well; ALTER TABLE {part.name} NO INHERIT"
            for part in parts
        ]
    complaints = [
        f"{where}: has partition {part.name}, which is a {_KINDS[part.kind]}, wanted a table; detach it"
        for part in parts
        if part.kind not in _TABLES
    ]
    parents = {relation.oid, *(part.oid for part in parts if part.kind == PARTITIONED)}
    if not all(_is_covered([part.bounds for part in parts if part.parent_oid == parent]) for parent in parents):
        complaints.append(f"{where}: is partitioned without a partition for every value; add a DEFAULT partition")
    return complaints


def _is_covered(bounds: Sequence[str]) -> bool:
    """Return whether every value of the key has a partition: a default, all hash remainders, or ranges without a gap."""
    if "DEFAULT" in bounds:
        return True
    moduli = [int(found[1]) for each in bounds if (found := _HASH.search(each))]
    if moduli:
        return sum(Fraction(1, modulus) for modulus in moduli) == 1
    ranges = {found[1]: found[2] for each in bounds if (found := _RANGE.fullmatch(each))}
    first = next((low for low in ranges if set(low.strip("()").split(", ")) == {"MINVALUE"}), None)
    while first is not None and first in ranges:
        first = ranges.pop(first)
    return first is not None and set(first.strip("()").split(", ")) == {"MAXVALUE"}


def _reference(where: str, table: Table, key: ForeignKey, run: Mapping[int, str], existing: Existing) -> None:
    if key.child_oid not in run:
        existing.complaints.append(
            f"{where}: is referenced by foreign key {key.name!r} of {key.child}, which is not loaded by this run; drop the "
            f"foreign key, or add {key.child} to the run"
        )
        return
    existing.linked = True
    if run[key.child_oid] != table.name:
        return
    at = f"{where}.{', '.join(key.columns)}"
    parent = run.get(key.parent_oid)
    if parent is None:
        existing.complaints.append(
            f"{at}: references {key.parent}, which is not loaded by this run; drop foreign key {key.name!r}, or add "
            f"{key.parent} to the run"
        )
        return
    generator = next((of.generator for of in table.columns if [of.name] == list(key.columns)), None)
    fits = isinstance(generator, Reference) and (generator.table, [generator.column]) == (
        parent,
        list(key.parent_columns),
    )
    if not fits:
        existing.complaints.append(
            f"{at}: has foreign key {key.name!r} to {key.parent} ({', '.join(key.parent_columns)}), and the schema's values "
            "do not reference it; drop the key, or use the generator reference"
        )


def _warn(cursor: "psycopg.Cursor[Any]", table: Table, existing: Existing) -> None:
    for name, definition, runs, runs_in_replica in catalogue.triggers(cursor, existing.relation):
        if runs_in_replica if existing.linked else runs:
            existing.warnings.append(
                f"table {table.name!r} has trigger {name!r}, which runs during the load: {definition}"
            )
        elif runs:
            existing.warnings.append(
                f"table {table.name!r} has trigger {name!r}, which does not run during the load: the table has foreign keys"
            )
    existing.warnings += [
        f"table {table.name!r}: column {column.name!r} is an identity column, whose sequence is not advanced by the load"
        for column in catalogue.columns(cursor, existing.relation)
        if column.identity
    ]
