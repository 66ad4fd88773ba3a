"""Two tables, one of which references the other, and changes that other programs may have made."""

from core.plan import BASE_INSTANT
from core.schema.file import parse_schema
from worker.generate import Dataset

SCHEMA = """
version: 1
tables:
  - name: parents
    id: {type: bigint, generator: {type: sequential, start: 0}}
    fields: [{name: label, type: varchar(20), nullable: true, generator: {type: pattern, pattern: "{index}"}}]
  - name: children
    id: {type: bigint, generator: {type: sequential, start: 0}}
    fields: [{name: parent, type: bigint, generator: {type: reference, table: parents, column: id}}]
"""
DATA = Dataset(parse_schema(SCHEMA, "made.yaml"), seed=42, rows=20, base_instant=BASE_INSTANT)
TABLES = DATA.schema.tables
PARENTS, CHILDREN = TABLES
MADE = (
    "DROP SCHEMA IF EXISTS public CASCADE",
    "DROP SCHEMA IF EXISTS elsewhere CASCADE",
    "CREATE SCHEMA public",
    "CREATE SCHEMA elsewhere",
    "GRANT USAGE ON SCHEMA public, elsewhere TO limited",
    "CREATE TABLE parents (id bigint PRIMARY KEY, label varchar(20))",
    "CREATE TABLE children (parent bigint NOT NULL, id bigint PRIMARY KEY)",
    "INSERT INTO parents VALUES (0, 'a'), (1, 'b')",
    "INSERT INTO children VALUES (1, 5)",
)

FOREIGN_KEY = "ALTER TABLE children ADD CONSTRAINT link FOREIGN KEY (parent) REFERENCES parents (id)"
_PARTITIONED = "DROP TABLE parents; CREATE TABLE parents (id bigint PRIMARY KEY, label varchar(20)) PARTITION BY"
_PART = "CREATE TABLE elsewhere.{} PARTITION OF parents FOR VALUES"
REFUSED = {
    "view": ("DROP TABLE parents; CREATE VIEW parents AS SELECT 1 AS id", "parents: is a view, wanted a table"),
    "matview": (
        "DROP TABLE parents; CREATE MATERIALIZED VIEW parents AS SELECT 1 AS id",
        "parents: is a materialized view, wanted a table",
    ),
    "sequence": ("DROP TABLE parents; CREATE SEQUENCE parents", "parents: is a sequence, wanted a table"),
    "foreign": (
        (
            "DROP TABLE parents; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "
            "CREATE FOREIGN TABLE parents (id bigint) SERVER s"
        ),
        "parents: is a foreign table, wanted a table",
    ),
    "composite": ("DROP TABLE parents; CREATE TYPE parents AS (id bigint)", "parents: is a composite type, wanted a"),
    "type": ("DROP TABLE parents; CREATE TYPE parents AS ENUM ('a')", "parents: is a type, wanted a table"),
    "kind": ("ALTER TABLE parents ALTER id TYPE integer", "parents.id: has type integer, wanted bigint"),
    "length": (
        "ALTER TABLE parents ALTER label TYPE varchar(19)",
        r"parents.label: has type character varying\(19\), wanted character varying\(20\)",
    ),
    "domain": (
        "CREATE DOMAIN elsewhere.name AS varchar(20); ALTER TABLE parents ALTER label TYPE elsewhere.name",
        "parents.label: has type elsewhere.name, wanted character",
    ),
    "null": ("ALTER TABLE parents ALTER label SET NOT NULL", "parents.label: is NOT NULL, wanted nullable"),
    "generated": (
        "ALTER TABLE parents DROP label, ADD label varchar(20) GENERATED ALWAYS AS ('x') STORED",
        "parents.label: is a generated column",
    ),
    "missing": ("ALTER TABLE parents DROP label", "parents.label: is missing, wanted character"),
    "extra": ("ALTER TABLE parents ADD more int", r"parents.more: exists \(integer\), but is not in the schema"),
    "key": ("ALTER TABLE parents DROP CONSTRAINT parents_pkey", "parents: has primary key none, wanted id"),
    "wide key": (
        "ALTER TABLE parents DROP CONSTRAINT parents_pkey, ADD PRIMARY KEY (id, label)",
        "parents: has primary key id, label, wanted id",
    ),
    "unique": ("CREATE UNIQUE INDEX only_one ON parents (label)", r"has unique index 'only_one' \(label\)"),
    "expression": (
        "CREATE UNIQUE INDEX only_one ON parents ((id % 2))",
        r"has unique index 'only_one' \(\(expression\)\)",
    ),
    "check": ("ALTER TABLE parents ADD CONSTRAINT small CHECK (id < 5)", r"has constraint 'small' \(CHECK"),
    "exclusion": (
        "ALTER TABLE parents ADD CONSTRAINT apart EXCLUDE USING btree (label WITH =)",
        r"has constraint 'apart' \(EXCLUDE",
    ),
    "rule": (
        "CREATE RULE gone AS ON INSERT TO parents DO INSTEAD NOTHING",
        "parents: has rule 'gone' ON INSERT, wanted none",
    ),
    "child": ("CREATE TABLE elsewhere.heir () INHERITS (parents)", "parents: elsewhere.heir inherits from it"),
    "a partition": (
        (
            "DROP TABLE parents; CREATE TABLE elsewhere.whole (id bigint PRIMARY KEY, label varchar(20)) "
            "PARTITION BY RANGE (id); CREATE TABLE parents PARTITION OF elsewhere.whole FOR VALUES FROM (0) TO (9)"
        ),
        "parents: is a partition of elsewhere.whole",
    ),
    "no partition": (f"{_PARTITIONED} RANGE (id)", "parents: is partitioned without a partition for every value"),
    "half of a hash": (
        f"{_PARTITIONED} HASH (id); {_PART.format('half')} WITH (MODULUS 2, REMAINDER 0)",
        "parents: is partitioned without a partition for every value",
    ),
    "gap": (
        (
            f"{_PARTITIONED} RANGE (id); {_PART.format('low')} FROM (MINVALUE) TO (5); "
            f"{_PART.format('high')} FROM (6) TO (MAXVALUE)"
        ),
        "parents: is partitioned without a partition for every value",
    ),
    "check of a partition": (
        (
            f"{_PARTITIONED} RANGE (id); CREATE TABLE elsewhere.rest PARTITION OF parents DEFAULT; "
            "ALTER TABLE elsewhere.rest ADD CONSTRAINT small CHECK (id < 5)"
        ),
        r"parents: has constraint 'small'",
    ),
    "stranger": (
        "CREATE TABLE elsewhere.strangers (id bigint PRIMARY KEY REFERENCES parents)",
        "parents: is referenced by foreign key .* of elsewhere.strangers, which is not loaded",
    ),
    "no reference": (
        "ALTER TABLE children ADD CONSTRAINT other FOREIGN KEY (id) REFERENCES parents (id) NOT VALID",
        r"children.id: has foreign key 'other' to public.parents \(id\), and the schema's values do not reference it",
    ),
}

FIT = {
    "another order of columns": "SELECT 1",
    "identity": "ALTER TABLE children ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "default": "ALTER TABLE children ALTER parent SET DEFAULT 7",
    "hash": f"{_PARTITIONED} HASH (id); {_PART.format('even')} WITH (MODULUS 2, REMAINDER 0); "
    f"{_PART.format('odd')} WITH (MODULUS 2, REMAINDER 1)",
    "ranges": f"{_PARTITIONED} RANGE (id); {_PART.format('low')} FROM (MINVALUE) TO (5); "
    f"{_PART.format('high')} FROM (5) TO (MAXVALUE)",
    "unique key": "CREATE UNIQUE INDEX again ON parents (id, label)",
    "foreign keys": FOREIGN_KEY,
    "a circle": f"{FOREIGN_KEY}; ALTER TABLE children ADD CONSTRAINT own FOREIGN KEY (parent) REFERENCES parents (id)",
    "unlogged": "ALTER TABLE children SET UNLOGGED",
}

_UNIQUE = """
version: 1
tables:
  - name: texts
    id: {type: varchar(20), generator: {type: pattern, pattern: "{index}"}}
    fields: [{name: label, type: varchar(20), unique: true, nullable: true, generator: {type: pattern, pattern: "{index}"}}]
"""
TEXTS = parse_schema(_UNIQUE, "made.yaml").tables[0]
KEYS = {
    "unique": ("id varchar(20) PRIMARY KEY, label varchar(20) UNIQUE", None),
    "one null": (
        "id varchar(20) PRIMARY KEY, label varchar(20) UNIQUE NULLS NOT DISTINCT",
        r"texts: has unique index 'texts_label_key' \(label\)",
    ),
}
"""Changes of a table's columns and keys that are refused."""
