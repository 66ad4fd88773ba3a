"""The error for a malformed schema is one line with location and remedy, and exit code 2."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ExitCode, SchemaError
from core.schema.checks.capacity import check_rows
from core.schema.file import load_schema, parse_schema, read_schema
from core.schema.generators import Generator
from tests.core.schema.malformed import CORPUS

ROOT = Path(__file__).parents[3]


def test_corpus_has_enough_malformed_files() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", CORPUS)
def test_malformed_file_error_names_location_and_remedy(name: str) -> None:
    text, words = CORPUS[name]
    with pytest.raises(SchemaError) as caught:
        parse_schema(text, "shop.yaml")
    line = str(caught.value)
    assert re.match(r"shop\.yaml(:[1-9][0-9]*)?: ", line)
    assert "\n" not in line
    assert len(line) < 500
    assert "; " in line or "split it" in line
    for word in words:
        assert word in line
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert caught.value.__cause__ is None


MISTAKES = """\
version: 2
tables:
  - name: users
    colums: 3
    primary_key: id
    columns:
      - {name: id, data_type: integer}
      - name: email
        data_type: emial
        nullable: maybe
      - {name: first name, data_type: name}
  - name: orders
    id: {type: big_int, generator: sequential}
    fields:
      - name: total
        type: decimal(10
        generator:
          type: decimal_range
          min: 1
          max: abc
        unqiue: true
seed: 42
"""


def test_all_mistakes_are_named_with_their_lines() -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(MISTAKES, "shop.yaml")
    assert [line.split("; ")[0] for line in caught.value.lines] == [
        "shop.yaml:1: version: 2 is not a version of this format",
        "shop.yaml:10: table users: column email: nullable: 'maybe' is neither true nor false",
        "shop.yaml:9: table users: column email: data_type: 'emial' is not a valid data_type",
        "shop.yaml:11: table users: column #3: name: 'first name' is not a valid name in every store",
        "shop.yaml:4: table users: tables: 'colums' is not a known key",
        "shop.yaml:16: table orders: column total: type: 'decimal(10' is not a valid type",
        "shop.yaml:20: table orders: column total: generator.max: 'abc' is not a finite number",
        "shop.yaml:21: table orders: column total: fields: 'unqiue' is not a known key",
        "shop.yaml:22: the file: 'seed' is not a known key",
    ]


WHOLE = """\
tables:
  - name: t
    primary_key: id
    columns:
      - {name: id, data_type: integer, nullable: true}
      - name: a
        data_type: integer
        references: absent.id
      - name: b
        data_type: uuid
        generator: email
"""


def test_all_mistakes_of_the_whole_are_named_with_their_lines() -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(WHOLE, "shop.yaml")
    assert [line.split("; ")[0] for line in caught.value.lines] == [
        "shop.yaml:8: table t: column a: references: 'absent.id' refers to an unknown table",
        "shop.yaml:5: table t: column id: nullable: 'true' is not possible in a primary key",
        "shop.yaml:11: table t: column b: generator: 'email' cannot fill uuid",
    ]


def test_too_few_values_are_named_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        WHOLE.split("      - name: a", maxsplit=1)[0].replace(
            "integer, nullable: true", "tiny_int, generator: sequential"
        )
    )
    schema, location = read_schema(file)
    with pytest.raises(SchemaError, match=r"shop\.yaml:5: table t: column id: sequential gives 128 different values"):
        check_rows(schema, ["t"], 1000, location)


def test_missing_schema_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"nowhere\.yaml: does not exist; write the path of a schema file"):
        load_schema(tmp_path / "nowhere.yaml")


def test_folder_as_schema_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="is a folder; write the path"):
        load_schema(tmp_path)


def test_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(SchemaError, match="cannot be read"):
        load_schema(tmp_path / "a" / "b.yaml")


def test_invalid_file_name_is_refused() -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        load_schema(Path("a\0b.yaml"))


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin1.yaml"
    path.write_bytes("tables: é".encode("latin-1"))
    with pytest.raises(SchemaError, match="byte 8 is not valid UTF-8; save the file as UTF-8"):
        load_schema(path)


def test_file_of_five_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"# x\n" * 1_250_000)
    with pytest.raises(SchemaError, match="larger than 256 KiB"):
        load_schema(path)


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_text("\ufeff" + (ROOT / "schemas" / "shop.yaml").read_text())
    assert load_schema(path) == load_schema(ROOT / "schemas" / "shop.yaml")


@pytest.mark.parametrize("name", ["order", "select", "User", "group", "table", "_x", "x1", "PRIMARY"])
def test_sql_keywords_are_valid_names(name: str) -> None:
    text = f"tables: [{{name: {name}, primary_key: key, columns: [{{name: key, data_type: uuid}}]}}]"
    assert parse_schema(text, "s").tables[0].name == name


SAMPLES = [
    (ROOT / name).read_text()
    for name in ("schemas/shop.yaml", "tests/data/every_type.yaml", "tests/data/surreal-sync-small.yaml")
]
WORDS = sorted(set(re.findall(r"[A-Za-z_0-9.]+|[^\sA-Za-z_0-9]", "\n".join(SAMPLES))))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)


def reads_or_refuses(text: str) -> None:
    """Check that the text is a valid schema or raises a SchemaError of one line."""
    try:
        schema = parse_schema(text, "fuzz")
    except SchemaError as error:
        complaint = str(error)
    else:
        assert schema.tables
        assert all(table.estimated_row_bytes >= 0 for table in schema.tables)
        return
    assert all(re.match("fuzz(:[1-9][0-9]*)?: ", line) for line in complaint.split("\n"))


@settings(max_examples=150)
@given(st.text())
def test_arbitrary_text_loads_or_is_refused(text: str) -> None:
    reads_or_refuses(text)


@settings(max_examples=250)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(WORDS) | st.text(max_size=3)), min_size=1, max_size=3),
)
def test_schema_with_swapped_words_loads_or_is_refused(sample: str, changes: list[tuple[float, str]]) -> None:
    pieces = re.split(r"([A-Za-z_0-9.]+)", sample)
    for place, word in changes:
        pieces[int(place * (len(pieces) - 1))] = word
    reads_or_refuses("".join(pieces))


@settings(max_examples=150)
@given(st.sampled_from(SAMPLES), st.floats(0, 1), st.floats(0, 0.05))
def test_schema_with_missing_part_loads_or_is_refused(sample: str, start: float, share: float) -> None:
    first = int(start * len(sample))
    reads_or_refuses(sample[:first] + sample[first + int(share * len(sample)) :])


def as_yaml(value: object) -> str:
    """Return the value in flow style, which may be malformed; PyYAML would quote it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if isinstance(value, bool | None)
        else str(value)
    )


GENERATORS = sorted(
    {model.model_fields["type"].default for model in Generator.__origin__.__args__}  # type: ignore[attr-defined]
)
PARAMETERS = [
    "min",
    "max",
    "start",
    "end",
    "values",
    "weights",
    "pool",
    "min_length",
    "max_length",
    "value",
    "pattern",
    "distribution",
]
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)
COLUMNS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "id"]) | SCALARS,
        "type": st.sampled_from(["int", "text", "uuid", "json", "varchar(5)", "decimal(5,2)", "timestamp", "point"])
        | TREES,
        "generator": st.dictionaries(st.sampled_from(PARAMETERS), TREES, max_size=4).flatmap(
            lambda parameters: st.sampled_from(GENERATORS).map(lambda kind: {"type": kind, **parameters})
        ),
    },
    optional={"null_ratio": TREES, "unique": TREES, "nullable": TREES, "references": TREES, "template": TREES},
)


@settings(max_examples=300)
@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_arbitrary_fields_load_or_are_refused(columns: list[dict[str, object]]) -> None:
    table = {"name": "t", "id": {"type": "int", "generator": "sequential"}, "fields": columns}
    reads_or_refuses(as_yaml({"version": 1, "tables": [table]}))
