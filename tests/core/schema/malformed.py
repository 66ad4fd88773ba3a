"""Schema texts with one mistake each, and the words that the error must contain: the location and the remedy."""

from tests.core.schema.malformed_generators import GENERATORS
from tests.core.schema.schema_texts import ID, field, fields, seed

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\ntables: [*b, *b, *b, *b]\n"

# name: (text, words that the error must contain)
CORPUS: dict[str, tuple[str, tuple[str, ...]]] = {
    # The file
    "empty": ("", ("tables is missing", "write a list of tables")),
    "only a comment": ("# nothing\n", ("tables is missing",)),
    "a list": ("- a\n- b\n", ("is not a mapping",)),
    "a word": ("tables", ("is not a mapping",)),
    "no tables": ("tables: []\n", ("tables", "write a list of tables")),
    "tables is a mapping": ("tables: {users: 1}\n", ("tables", "write a list of tables")),
    "a table is a word": ("tables: [users]\n", ("table #1", "is not a mapping")),
    "unknown key of the file": (seed() + "seed: 42\n", ("'seed'", "write one of version, tables")),
    "version 2": ("version: 2\n" + seed(), ("version", "write version: 1")),
    "a tab": ("tables:\n\t- name: t\n", (":2: ", "tab", "spaces")),
    "an unclosed quote": ('tables:\n  - name: "t\n', ("is not valid YAML", "quotes")),
    "wrong indentation": ("tables:\n  - name: t\n   columns: []\n", (":3: ", "indentation")),
    "an anchor bomb": (BOMB, (":1: ", "anchors", "write the value out")),
    "an alias": ("tables: *all\n", (":1: ", "aliases")),
    "a tag": ("tables: !!python/object/apply:os.system [ls]\n", (":1: ", "tags")),
    "a set tag": ("tables: !!set {a, b}\n", (":1: ", "tags")),
    "a key twice": (
        seed().replace("    primary_key: id\n", "    primary_key: id\n    primary_key: id\n"),
        (":4: ", "is duplicated"),
    ),
    "a key that is not text": ("1: x\n" + seed(), (":1: ", "in quotes")),
    "two documents": ("---\na: 1\n---\nb: 2\n", (":3: ",)),
    "a control character": ("tables:\n  - name: 'a\x07b'\n", (":2: ", "control character")),
    "half a surrogate pair": (
        field('type: text, generator: {type: static, value: "\\ud800"}'),
        (":6: ", "surrogate"),
    ),
    "too deep": ("tables: " + "[" * 60 + "]" * 60, (":1: ", "deep")),
    "far too deep": ("[" * 20_000, (":1: ", "deep")),
    "too long": ("#" + "x" * 5_000_000, ("5,000,001 characters", "split it")),
    # Names
    "a table without a name": ("tables:\n  - columns: []\n", ("table #1", "name is missing")),
    "a table's name is a number": ("tables:\n  - name: 7\n", ("table #1", "name: 7", "write the table's name")),
    "two tables of one name": (seed() + seed().removeprefix("tables:\n"), ("tables: 't' is duplicated",)),
    "two tables but for case": (
        seed() + seed().removeprefix("tables:\n").replace("name: t", "name: T"),
        ("'T' is duplicated (as 't')",),
    ),
    "two columns of one name": (
        seed("{name: a, data_type: name}", "{name: A, data_type: name}"),
        ("table t", "'A'", "is duplicated"),
    ),
    "two fields of one name": (
        field("type: text, generator: email}\n      - {name: c, type: text, generator: name"),
        ("'c'", "is duplicated"),
    ),
    "a field called like the key": (
        fields("{name: id, type: text, generator: email}"),
        ("table t", "'id'", "is duplicated"),
    ),
    "a name in another script": ("tables:\n  - name: 用户\n", ("'用户'", "write letters, digits and underscores")),
    "a name with an accent": (seed("{name: prénom, data_type: name}"), ("prénom", "write letters")),
    "a name with a space": (seed("{name: first name, data_type: name}"), ("'first name'", "write letters")),
    "a name with a quote": (seed("{name: 'a\"; DROP TABLE t; --', data_type: name}"), ("DROP TABLE", "write letters")),
    "a name that begins with a digit": (seed("{name: 2nd, data_type: name}"), ("'2nd'", "not beginning with a digit")),
    "a name that is too long": (seed("{name: " + "x" * 64 + ", data_type: name}"), ("at most 63",)),
    "an empty name": (seed("{name: '', data_type: name}"), ("name: ''", "write letters")),
    # The columns dialect
    "neither dialect": ("tables:\n  - name: t\n", ("table t", "columns is missing", "id and fields")),
    "no columns": (
        "tables:\n  - name: t\n    primary_key: id\n    columns: []\n",
        ("table t: columns", "list of columns"),
    ),
    "a column without a name": (seed("{data_type: name}"), ("table t: column #2", "name is missing")),
    "a column without a type": (seed("{name: a}"), ("column a: data_type is missing", "write integer, name")),
    "a column is a word": (seed("a"), ("column #2", "is not a mapping")),
    "an unknown data_type": (
        seed("{name: a, data_type: integr}"),
        ("column a: data_type: 'integr'", "did you mean integer?"),
    ),
    "a data_type of the other dialect": (seed("{name: a, data_type: blob}"), ("'blob'", "add a generator")),
    "an enum without values": (seed("{name: a, data_type: {enum: []}}"), ("column a: data_type.enum", "list of texts")),
    "an enum of numbers": (seed("{name: a, data_type: {enum: [1, 2]}}"), ("data_type.enum: 1", "put it in quotes")),
    "an enum with a value twice": (seed("{name: a, data_type: {enum: [x, x]}}"), ("'x' is duplicated",)),
    "an enum with a comma": (seed("{name: a, data_type: {enum: ['x,y']}}"), ("'x,y'", "without comma")),
    "an unknown key of a column": (
        seed("{name: a, data_type: name, nulable: true}"),
        ("'nulable'", "did you mean nullable?"),
    ),
    "a key that is not a column": (seed(key="primary_key: uid"), ("table t: primary_key: 'uid'", "did you mean id?")),
    "no primary key": (
        "tables: [{name: t, columns: [{name: a, data_type: integer}]}]",
        ("table t: primary_key is missing", "one of a"),
    ),
    "two primary keys": (
        seed("{name: b, data_type: uuid, primary_key: true}"),
        ("primary_key: 'id, b'", "keep primary_key"),
    ),
    "a key next to the flagged one": (
        seed("{name: b, data_type: uuid}", key="primary_key: b"),
        ("primary_key: 'b'", "is not id", "keep one"),
    ),
    "a list of keys": (seed(key="primary_key: [id]"), ("primary_key", "is not a column name")),
    "a key of names": (
        "tables: [{name: t, primary_key: a, columns: [{name: a, data_type: name}]}]",
        ("column a: generator: 'name' cannot be unique", "use sequential"),
    ),
    "a nullable key": (
        "tables: [{name: t, primary_key: a, columns: [{name: a, data_type: uuid, nullable: true}]}]",
        ("column a: nullable", "not possible in a primary key"),
    ),
    "nullable is a word": (
        seed("{name: a, data_type: name, nullable: maybe}"),
        ("nullable: 'maybe'", "write true or false"),
    ),
    "null_ratio above one": (seed("{name: a, data_type: name, null_ratio: 1.5}"), ("null_ratio: 1.5", "from 0 to 1")),
    "null_ratio is a word": (
        seed("{name: a, data_type: name, null_ratio: half}"),
        ("null_ratio: 'half'", "from 0 to 1"),
    ),
    "null_ratio in a column without nulls": (
        seed("{name: a, data_type: name, null_ratio: 0.5, nullable: false}"),
        ("nullable", "write nullable: true"),
    ),
    "unique names": (seed("{name: a, data_type: name, unique: true}"), ("'name' cannot be unique", "use sequential")),
    # The generator dialect: types
    "no id": ("tables: [{name: t, fields: []}]", ("table t: id is missing",)),
    "id without a generator": (fields(head="id: {type: big_int}"), ("column id: generator is missing",)),
    "fields is a mapping": ("tables: [{name: t, " + ID + ", fields: {a: 1}}]", ("table t: fields", "is not a list")),
    "a field without a type": (field("generator: email"), ("column c: type is missing",)),
    "a field without a generator": (field("type: text"), ("column c: generator is missing", "write how its values")),
    "an unknown type": (
        field("type: bigg_int, generator: {type: sequential}"),
        ("type: 'bigg_int'", "did you mean big_int?"),
    ),
    "a type that is a number": (field("type: 7, generator: email"), ("column c: type: 7", "write a word")),
    "a mapping without its type": (field("type: {length: 5}, generator: email"), ("type is missing",)),
    "varchar without a length": (field("type: varchar, generator: email"), ("'varchar'", "write varchar(50)")),
    "varchar of length 0": (field('type: "varchar(0)", generator: email'), ("write varchar(50)",)),
    "varchar of a negative length": (
        field("type: {type: var_char, length: -1}, generator: email"),
        ("write varchar(50)",),
    ),
    "varchar of a length in words": (
        field("type: {type: var_char, length: long}, generator: email"),
        ("length: 'long'", "varchar(50)"),
    ),
    "varchar that is too long": (field('type: "varchar(99999)", generator: email'), ("write at most 16383, or text",)),
    "decimal without a precision": (
        field("type: decimal, generator: {type: decimal_range, min: 0, max: 1}"),
        ("decimal(10,2)",),
    ),
    "decimal with a scale above its precision": (
        field('type: "decimal(2,5)", generator: {type: decimal_range, min: 0, max: 1}'),
        ("decimal(2,5)", "write decimal(10,2)"),
    ),
    "decimal of 40 digits": (
        field('type: "decimal(40,5)", generator: {type: decimal_range, min: 0, max: 1}'),
        ("write decimal(10,2)",),
    ),
    "too many parameters": (field('type: "varchar(5,2)", generator: email'), ("has 2 parameters",)),
    "a parameter for a type without": (
        field('type: "uuid(4)", generator: uuid_v4'),
        ("has 1 parameters", "write uuid"),
    ),
    "an unknown parameter of a type": (
        field("type: {type: var_char, size: 5}, generator: email"),
        ("'size'", "length"),
    ),
    "an array without an element": (
        field("type: array, generator: {type: sample_array, pool: [a], max_length: 1}"),
        ("element_type",),
    ),
    "an array of arrays": (
        field(
            "type: {type: array, element_type: {type: array, element_type: int}},"
            " generator: {type: sample_array, pool: [a], max_length: 1}"
        ),
        ("type.element_type: 'array'", "write a plain one"),
    ),
    "a polygon": (
        field("type: {type: geometry, geometry_type: polygon}, generator: {type: point_range}"),
        ("geometry_type: 'polygon'", "write point"),
    ),
    # Links
    "a reference to no table": (
        seed("{name: a, data_type: integer, references: user.id}"),
        ("'user.id' refers to an unknown table", "write one of t"),
    ),
    "a reference to no column": (
        seed("{name: a, data_type: integer, references: t.uid}"),
        ("refers to an unknown column", "write one of id, a"),
    ),
    "a reference without a column": (
        seed("{name: a, data_type: integer, references: t}"),
        ("references: 't'", "like users.id"),
    ),
    "a reference of another type": (seed("{name: a, data_type: uuid, references: t.id}"), ("is int64", "not uuid")),
    "a reference to what is not unique": (
        seed("{name: a, data_type: integer}", "{name: b, data_type: integer, references: t.a}"),
        ("does not identify a row", "write t.id"),
    ),
    "a reference with a generator": (
        seed("{name: a, data_type: integer, references: t.id, generator: {type: sequential}}"),
        ("references", "cannot be combined with generator"),
    ),
    "keys that refer to each other": (
        """
tables:
  - {name: a, id: {type: int, references: b.id}, fields: []}
  - {name: b, id: {type: int, references: a.id}, fields: []}
""",
        ("table a: column id", "is a cycle", "its own generator"),
    ),
    "a key that refers to itself": (fields(head="id: {type: int, references: t.id}"), ("is a cycle",)),
    "templates of each other": (
        fields("{name: a, type: text, template: '{b}'}", "{name: b, type: text, template: '{a}'}"),
        ("column a", "is a cycle"),
    ),
    "a template of no column": (
        fields("{name: a, type: text, template: 'x {idd}'}"),
        ("'{idd}' is not a column", "did you mean id?"),
    ),
    "a template of points": (
        fields("{name: p, type: point, generator: point_range}", "{name: a, type: text, template: '{p}'}"),
        ("'{p}' is point", "use columns of text"),
    ),
    "a template with a parameter": (
        fields("{name: a, type: text, template: '{id:3}'}"),
        ("column a: template: '{id:3}'", "write a column's name in braces"),
    ),
    "a template that is a number": (fields("{name: a, type: text, template: 7}"), ("template: 7 is not text",)),
    "an empty template": (fields("{name: a, type: text, template: null}"), ("template is missing",)),
    "an enum of very many": (
        field(
            "type: {type: enum, values: [" + ", ".join(f"v{number}" for number in range(2_000)) + "]},"
            " generator: {type: static, value: w}"
        ),
        ("write one of v0, v1", "v29 and "),
    ),
    "a template in a number": (fields("{name: a, type: int, template: '{id}'}"), ("'template' cannot fill int32",)),
    **GENERATORS,
}
