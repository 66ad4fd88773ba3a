"""Hostile names in a schema: each loads and verifies, or is refused in one line."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from core.connection import Connection, parse_connection
from core.errors import LoadtestError, SchemaError
from core.options import OnExisting, Operation
from core.plan import BASE_INSTANT, LoadPlan, partition
from core.results import VerificationReport
from core.schema.file import load_schema
from core.schema.model import Schema
from core.stores import BULK, METHODS, SOURCES
from testkit.embedded import embedded_postgresql
from testkit.serving import shared
from tests.worker.sources.loading import connected
from worker.generate import Dataset
from worker.pipeline import load_shard, remove_shard
from worker.result.counters import Counters
from worker.sources.base import Source
from worker.verify.verification import Verification

_QUOTES = ("'", '"', "`", "''", '""', "``", "\\", "\\'", "a'b", 'a"b', "a`b", "a;b", "a--b", "a/*b*/c")
_TEMPLATES = ("a%sb", "%", "%(x)s", "{}", "{c}", "$1", ":name", "?", "$where")
_WORDS = ("plain", "select", "table", "user", "order", "null", "id", "ctid", "_id", "Mixed Case", "con")
_SPACES = (" ", "  lead", "trail ", "a\tb", "a\nb", "a\r\nb", "a\0b", "a,b", "a.b")
_PATHS = ("..", ".", "../escaped", "../../escaped", "/absolute", "a/../../b", "~", "-rf", "--help")
_UNICODE = ("\u00e4\u00f6", "\u65e5\u672c", "\U0001f600", "\u202eevil", "e\u0301", "\ufeff")
_LONG = ("x" * 63, "x" * 64, "x" * 200, "\u00e4" * 200)
_STATEMENTS = (
    "'; DROP TABLE sentinel; --", '"; DROP TABLE sentinel; --', "`; DROP TABLE sentinel; --",
    "users; DELETE FROM sentinel", "a) VALUES (1); DROP TABLE sentinel; --", "`) DETACH DELETE n //",
    "$(touch escaped)", "`touch escaped`", "| touch escaped",
)  # fmt: skip
NAMES = (*_QUOTES, *_TEMPLATES, *_WORDS, *_SPACES, *_PATHS, *_UNICODE, *_LONG, *_STATEMENTS)
ROWS = 20


def _file(folder: Path, table: str, column: str) -> Path:
    document = {
        "version": 1,
        "tables": [
            {
                "name": table,
                "id": {"type": "bigint", "generator": {"type": "sequential", "start": 1}},
                "fields": [
                    {"name": column, "type": "text", "generator": {"type": "pattern", "pattern": "row {index}"}}
                ],
            }
        ],
    }
    file = folder / "schema.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return file


def _schema(folder: Path, table: str, column: str) -> Schema:
    """Return a schema with these names, even if schema files may not have them: sources do not rely on that check."""
    harmless = load_schema(_file(folder, "harmless", "payload"))
    (key, payload), made = harmless.tables[0].columns, harmless.tables[0]
    columns = (key, payload.model_copy(update={"name": column}))
    return harmless.model_copy(update={"tables": (made.model_copy(update={"name": table, "columns": columns}),)})


def _loads(folder: Path, source: str, at: Connection, table: str, column: str, method: str) -> bool:
    """Return whether all rows are there, or False if the name was refused in one line."""
    schema = _schema(folder, table, column)
    try:
        with connected(source, at) as opened:
            report = _verified(opened, schema, method)
            assert (report.total_matched, report.total_found) == (ROWS, ROWS), report
    except LoadtestError as refused:
        return _one_line(refused)
    return True


def _one_line(refused: LoadtestError) -> bool:
    assert "\n" not in str(refused), str(refused)
    return False


def _verified(source: Source, schema: Schema, method: str) -> VerificationReport:
    """Load, remove and load again as a second attempt does, then verify and return the report."""
    dataset, (table,) = Dataset(schema, 42, ROWS, BASE_INSTANT), schema.tables
    workers = partition(schema, [table.name], ROWS, 1, 42)
    (shard,) = workers[0].shards
    source.prepare(schema.tables, OnExisting.EMPTY)
    load_shard(source, dataset.table(table.name), shard, method, 10, Counters())
    remove_shard(source, dataset.table(table.name), shard)
    load_shard(source, dataset.table(table.name), shard, method, 10, Counters())
    plan = LoadPlan(
        run_id="", source=source.capabilities.name, operation=Operation.VERIFY, method=method, batch_size=10, seed=42,
        row_count=ROWS, limits=None, data=schema, workers=workers,
    )  # fmt: skip
    verification = Verification()
    verification.run(source, plan, workers[0], dataset, Counters(loads=False))
    assert verification.report is not None
    return verification.report


def _is_taken(file: Path) -> bool:
    """Return whether a schema file is accepted; a refusal must be one line."""
    try:
        load_schema(file)
    except SchemaError as refused:
        return _one_line(refused)
    return True


@pytest.mark.parametrize("place", ["table", "column"])
def test_schema_file_refuses_invalid_names(place: str, tmp_path: Path) -> None:
    refused = [
        name
        for name in NAMES
        if not _is_taken(_file(tmp_path, **{"table": "harmless", "column": "payload", place: name}))
    ]
    assert set(_STATEMENTS) <= set(refused)
    assert not {"plain", "select", "order"} & set(refused)


def _cases(turn: int) -> Iterator[tuple[str, str, str]]:
    """Yield each name as a table and as a column, loaded by one method and by the other; in turn 1 the reverse."""
    for place, name in enumerate(NAMES):
        yield name, "payload", METHODS[(place + turn) % 2]
        if name != "id":
            yield "harmless", name, METHODS[(place + turn + 1) % 2]


_TURNS = pytest.mark.parametrize("turn", [0, pytest.param(1, marks=pytest.mark.campaign)])


@_TURNS
@pytest.mark.parametrize("source", ["csv", "jsonl"])
def test_files_stay_in_their_folder(source: str, turn: int, tmp_path: Path) -> None:
    (tmp_path / "escaped").write_text("not to be touched")
    outcomes: dict[tuple[str, str], bool] = {}
    for number, (table, column, method) in enumerate(_cases(turn)):
        out = tmp_path / "deep" / "deeper" / str(number)
        at = parse_connection(out.as_uri(), SOURCES[source])
        outcomes[table, column] = _loads(tmp_path, source, at, table, column, method)
        folders = [each for each in out.iterdir() if each.is_dir()] if out.is_dir() else []
        assert len(folders) <= 1
        assert all(path.is_relative_to(out) for folder in folders for path in folder.rglob("*"))
    assert {path.name for path in tmp_path.iterdir()} == {"escaped", "deep", "schema.yaml"}
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"deeper"}
    assert {path.name for path in (tmp_path / "deep" / "deeper").iterdir()} <= {str(n) for n in range(len(outcomes))}
    assert (tmp_path / "escaped").read_text() == "not to be touched"
    assert outcomes["../escaped", "payload"]
    assert sum(outcomes.values()) > len(outcomes) // 2


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with embedded_postgresql() as url:
        yield url


@_TURNS
def test_postgresql_keeps_other_tables(postgresql: str, turn: int, tmp_path: Path) -> None:
    at = parse_connection(postgresql, SOURCES["postgresql"])
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute("DROP TABLE IF EXISTS sentinel")
        other.execute("CREATE TABLE sentinel (id int)")
        other.execute("INSERT INTO sentinel VALUES (1)")
        outcomes: dict[tuple[str, str], bool] = {}
        for table, column, method in _cases(turn):
            outcomes[table, column] = _loads(tmp_path, "postgresql", at, table, column, method)
            tables = {str(name) for (name,) in other.execute(_TABLES).fetchall()}
            assert tables - {"sentinel", table} == set(), table
            _drop_all_but_the_sentinel(other)
            assert other.execute("SELECT id FROM sentinel").fetchall() == [(1,)]
    assert outcomes["'; DROP TABLE sentinel; --", "payload"]
    assert outcomes["harmless", '"; DROP TABLE sentinel; --']
    assert sum(outcomes.values()) > len(outcomes) // 2


_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def _drop_all_but_the_sentinel(other: "psycopg.Connection[tuple[object, ...]]") -> None:
    statement = (
        "SELECT format('DROP TABLE %I', relname) FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = 'public'::regnamespace AND relname <> 'sentinel'"
    )
    for (drop,) in other.execute(statement).fetchall():
        other.execute(str(drop).encode())


@pytest.mark.docker
@pytest.mark.parametrize("source", ["mysql", "mongodb", "neo4j", "kafka"])
def test_server_loads_names_or_refuses_them(source: str, tmp_path: Path) -> None:
    # One method, and each name once, as a table or as a column: these servers are slow.
    pairs = [(name, "payload") if place % 2 else ("harmless", name) for place, name in enumerate(NAMES)]
    if source == "kafka":
        # Columns of Kafka are keys in JSON, which the test of jsonl covers.
        pairs = [(name, "payload") for name in NAMES]
    at = shared(source).connection
    outcomes = {pair: _loads(tmp_path, source, at, *pair, BULK) for pair in pairs}
    assert outcomes["plain", "payload"]
    assert not outcomes["../escaped", "payload"] if source == "kafka" else sum(outcomes.values()) > len(outcomes) // 3
