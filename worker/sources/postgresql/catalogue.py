"""Read the description of an existing table from PostgreSQL's catalogue."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

_Cursor = psycopg.Cursor[Any]


class Relation(NamedTuple):
    """A named relation of a schema. `tree` has the relations that hold its rows: itself, or its partitions."""

    oid: int
    kind: str
    tree: Sequence[int]
    partition_of: str | None
    row_security: bool


class ColumnShape(NamedTuple):
    """A column; its type as `format_type` returns it."""

    name: str
    type: str
    not_null: bool
    generated: bool
    identity: bool
    deterministic: bool


class UniqueIndex(NamedTuple):
    """A unique index; a key is None for an expression, or if different values may be equal."""

    name: str
    primary: bool
    nulls_not_distinct: bool
    keys: Sequence[str | None]


class ForeignKey(NamedTuple):
    """A foreign key with both of its tables, as `schema.table`."""

    name: str
    child_oid: int
    child: str
    columns: Sequence[str]
    parent_oid: int
    parent: str
    parent_columns: Sequence[str]


class Partition(NamedTuple):
    """A partition with its parent and bounds."""

    oid: int
    name: str
    kind: str
    parent_oid: int
    bounds: str


_NAME = "(SELECT n.nspname || '.' || t.relname FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = {})"
_NAMES = (
    "(SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest({keys}) WITH ORDINALITY AS u (k, n) "
    "JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = u.k)"
)


def relations(cursor: _Cursor, schema: str, names: Sequence[str]) -> dict[str, Relation]:
    """Return the relations of the schema (tables, views, indexes, ...) that have one of the names."""
    cursor.execute(
        "SELECT c.relname::text, c.oid, c.relkind::text, "  # noqa: S608 - constants
        "ARRAY(SELECT c.oid UNION SELECT relid::oid FROM pg_partition_tree(c.oid)), "
        f"(SELECT {_NAME.format('h.inhparent')} FROM pg_inherits h WHERE h.inhrelid = c.oid AND c.relispartition LIMIT 1), "
        "c.relkind IN ('r', 'p') AND row_security_active(c.oid) "
        "FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace "
        "WHERE s.nspname = %s AND c.relname::text = ANY(%s)",
        [schema, list(names)],
    )
    return {row[0]: Relation(*row[1:]) for row in cursor.fetchall()}


def types(cursor: _Cursor, schema: str, names: Sequence[str]) -> list[str]:
    """Return the names that are taken by a type, such as an enum. Types that belong to a table do not count."""
    cursor.execute(
        "SELECT t.typname::text FROM pg_type t JOIN pg_namespace s ON s.oid = t.typnamespace "
        "WHERE s.nspname = %s AND t.typname::text = ANY(%s) AND t.typrelid = 0 AND t.typcategory <> 'A'",
        [schema, list(names)],
    )
    return [str(name) for (name,) in cursor.fetchall()]


def columns(cursor: _Cursor, relation: Relation) -> list[ColumnShape]:
    """Return the columns in the table's order."""
    cursor.execute(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated::text <> '', "
        "a.attidentity::text <> '', coalesce(c.collisdeterministic, true) "
        "FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation "
        "WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        [relation.oid],
    )
    return [ColumnShape(*row) for row in cursor.fetchall()]


def unique_indexes(cursor: _Cursor, relation: Relation) -> list[UniqueIndex]:
    """Return the unique indexes of the table, and those that only a partition has."""
    cursor.execute(
        "SELECT c.relname::text, i.indisprimary AND i.indrelid = %s, "
        "coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false), "
        "ARRAY(SELECT CASE WHEN l.collisdeterministic IS DISTINCT FROM false THEN a.attname::text END "
        "FROM unnest(i.indkey::int2[], i.indcollation::oid[]) WITH ORDINALITY AS k (attnum, collation_oid, n) "
        "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0 "
        "LEFT JOIN pg_collation l ON l.oid = k.collation_oid WHERE k.n <= i.indnkeyatts ORDER BY k.n) "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY(%s) AND i.indisunique "
        "AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) ORDER BY c.relname",
        [relation.oid, list(relation.tree)],
    )
    return [UniqueIndex(*row) for row in cursor.fetchall()]


def constraints(cursor: _Cursor, relation: Relation) -> list[tuple[str, str]]:
    """Return the names and definitions of the CHECK and exclusion constraints."""
    cursor.execute(
        "SELECT k.conname::text, pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = ANY(%s) "
        "AND k.contype IN ('c', 'x') AND k.coninhcount = 0 AND k.conparentid = 0 "
        "AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) ORDER BY k.conname",
        [list(relation.tree)],
    )
    return cursor.fetchall()


def foreign_keys(cursor: _Cursor, relation: Relation) -> list[ForeignKey]:
    """Return the foreign keys of the table, and those of other tables that reference it."""
    names = [
        _NAMES.format(keys=f"k.{keys}", relation=f"k.{of}")
        for keys, of in (("conkey", "conrelid"), ("confkey", "confrelid"))
    ]
    cursor.execute(
        f"SELECT k.conname::text, k.conrelid, {_NAME.format('k.conrelid')}, {names[0]}, "  # noqa: S608 - constants
        f"k.confrelid, {_NAME.format('k.confrelid')}, {names[1]} "
        "FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 "
        "AND (k.conrelid = ANY(%s) OR k.confrelid = ANY(%s)) "
        "AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) ORDER BY k.conname",
        [list(relation.tree)] * 2,
    )
    return [ForeignKey(*row) for row in cursor.fetchall()]


def triggers(cursor: _Cursor, relation: Relation) -> list[tuple[str, str, bool, bool]]:
    """Return each trigger's name, definition, and whether it runs in a plain session and in a replica's."""
    cursor.execute(
        "SELECT t.tgname::text, pg_get_triggerdef(t.oid), t.tgenabled IN ('O', 'A'), t.tgenabled IN ('R', 'A') "
        "FROM pg_trigger t WHERE t.tgrelid = ANY(%s) AND NOT t.tgisinternal AND t.tgenabled <> 'D' "
        "AND coalesce((to_jsonb(t) ->> 'tgparentid')::oid, 0) = 0 AND (t.tgtype & 44) <> 0 ORDER BY t.tgname",
        [list(relation.tree)],
    )
    return cursor.fetchall()


def rules(cursor: _Cursor, relation: Relation) -> list[tuple[str, str]]:
    """Return the names and events of the rules for INSERT and DELETE."""
    cursor.execute(
        "SELECT r.rulename::text, CASE r.ev_type WHEN '3' THEN 'INSERT' ELSE 'DELETE' END FROM pg_rewrite r "
        "WHERE r.ev_class = ANY(%s) AND r.ev_type IN ('3', '4') AND r.ev_enabled IN ('O', 'A') ORDER BY r.rulename",
        [list(relation.tree)],
    )
    return cursor.fetchall()


def partitions(cursor: _Cursor, relation: Relation) -> list[Partition]:
    """Return the partitions at every level, and the tables that inherit from this one."""
    cursor.execute(
        f"SELECT c.oid, {_NAME.format('c.oid')}, c.relkind::text, h.inhparent, "  # noqa: S608 - constants
        "coalesce(pg_get_expr(c.relpartbound, c.oid), '') FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid "
        "WHERE h.inhparent = ANY(%s) ORDER BY 2",
        [list(relation.tree)],
    )
    return [Partition(*row) for row in cursor.fetchall()]


def missing_rights(cursor: _Cursor, relation: Relation, rights: Sequence[str]) -> list[str]:
    """Return the rights that the user does not have on the table."""
    cursor.execute(
        "SELECT r FROM unnest(%s::text[]) AS u (r) WHERE NOT has_table_privilege(%s::oid, r)",
        [list(rights), relation.oid],
    )
    return [str(right) for (right,) in cursor.fetchall()]


def may_create(cursor: _Cursor, schema: str) -> bool:
    """Return whether the user may create tables in the schema."""
    cursor.execute("SELECT has_schema_privilege(%s, 'CREATE')", [schema])
    return bool(cursor.fetchall()[0][0])
