"""Unfit tables are refused before a row is removed, with all complaints at once."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.connection import Connection, parse_connection
from core.errors import ServerError
from core.options import OnExisting, Operation
from core.plan import LoadPlan, Shard, WorkerPlan
from core.schema.model import Table
from core.stores import BULK, METHODS, POSTGRESQL
from testkit.embedded import PASSWORD
from tests.worker.sources.loading import connected
from tests.worker.sources.postgresql.cases import (
    CHILDREN,
    DATA,
    FIT,
    FOREIGN_KEY,
    KEYS,
    MADE,
    PARENTS,
    REFUSED,
    TABLES,
    TEXTS,
)
from worker.commands.prepare import run as prepare
from worker.sources.base import KeyRange


@dataclass(frozen=True)
class Server:
    """The superuser's connection, a limited user's, and a session that changes tables."""

    at: Connection
    limited: Connection
    session: psycopg.Connection[Any]

    def execute(self, *statements: str) -> None:
        for statement in statements:
            self.session.execute(statement.encode())

    def count(self, table: str) -> int:
        return int(self.session.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0])


@pytest.fixture(scope="module")
def database(postgresql_url: str) -> Iterator[Server]:
    with psycopg.connect(postgresql_url, autocommit=True) as session:
        session.execute(f"CREATE ROLE limited LOGIN PASSWORD '{PASSWORD}'".encode())
        session.execute("CREATE DATABASE existing")
    url = postgresql_url.removesuffix("loadtest") + "existing"
    limited = url.replace("//loadtest:", "//limited:")
    with psycopg.connect(url, autocommit=True) as session:
        yield Server(parse_connection(url, POSTGRESQL), parse_connection(limited, POSTGRESQL), session)


@pytest.fixture
def server(database: Server) -> Server:
    database.execute(*MADE)
    return database


def _prepare(at: Connection, tables: tuple[Table, ...] = TABLES, wish: OnExisting = OnExisting.EMPTY) -> list[str]:
    with connected("postgresql", at) as source:
        return list(source.prepare(tables, wish))


def _counts(server: Server) -> list[int | None]:
    """Return the number of rows of each table and view."""
    counts: list[int | None] = []
    for table in ("parents", "children"):
        try:
            counts.append(server.count(table))
        except psycopg.Error:
            counts.append(None)
    return counts


@pytest.mark.parametrize("case", REFUSED)
def test_unsuitable_table_is_refused_before_a_change(server: Server, case: str) -> None:
    statements, complaint = REFUSED[case]
    server.execute(statements, "ALTER TABLE children ADD surplus int")
    before = _counts(server)
    with connected("postgresql", server.at) as source:
        for wish in OnExisting:
            with pytest.raises(ServerError, match=complaint) as refused:
                source.prepare(TABLES, wish)
            # More than the first complaint.
            assert "public.children.surplus: exists" in str(refused.value)
            assert "\n" not in str(refused.value)
    assert _counts(server) == before


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", FIT)
def test_suitable_tables_load_in_any_order(server: Server, case: str, method: str) -> None:
    server.execute(FIT[case])
    with connected("postgresql", server.at) as source:
        source.prepare(TABLES, OnExisting.EMPTY)
        assert server.count("parents") == server.count("children") == 0
        for table in reversed(TABLES):
            with source.sink(table, Shard(table=table.name, seed=42, first_row=0, rows=20), method) as sink:
                sink.send(iter([sink.encode(DATA.table(table.name).batch(0, 20))]))
        # A retry of the referenced rows first.
        for table in TABLES:
            source.remove(table, KeyRange(0, 4))
            with source.sink(table, Shard(table=table.name, seed=42, first_row=0, rows=5), method) as sink:
                sink.send(iter([sink.encode(DATA.table(table.name).batch(0, 5))]))
        source.prepare(TABLES, OnExisting.APPEND)
    assert server.count("children JOIN parents ON children.parent = parents.id") == 20


@pytest.mark.parametrize("case", KEYS)
def test_foreign_keys_accept_generated_values(server: Server, case: str) -> None:
    columns, complaint = KEYS[case]
    server.execute(f"CREATE TABLE texts ({columns})", "INSERT INTO texts VALUES ('mine')")
    if complaint is None:
        assert _prepare(server.at, (TEXTS,)) == []
        assert server.count("texts") == 0
    else:
        with pytest.raises(ServerError, match=complaint):
            _prepare(server.at, (TEXTS,))
        assert server.count("texts") == 1


def test_reference_outside_the_run_is_refused(server: Server) -> None:
    server.execute(FOREIGN_KEY)
    with pytest.raises(ServerError, match=r"children.parent: references public.parents, which is not loaded"):
        _prepare(server.at, (CHILDREN,))
    with pytest.raises(ServerError, match=r"parents: is referenced by foreign key 'link' of public.children"):
        _prepare(server.at, (PARENTS,))
    assert (server.count("parents"), server.count("children")) == (2, 1)


def test_triggers_and_identity_columns_are_warnings(server: Server) -> None:
    server.execute(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER twice BEFORE INSERT ON parents FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER off BEFORE INSERT ON parents FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER TABLE parents DISABLE TRIGGER off",
        "ALTER TABLE children ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
    )
    trigger, identity = _prepare(server.at)
    assert "'parents' has trigger 'twice', which runs during the load: CREATE TRIGGER twice BEFORE INSERT" in trigger
    assert "column 'id' is an identity column" in identity
    server.execute(FOREIGN_KEY)
    warnings = _prepare(server.at)
    assert "'parents' has trigger 'twice', which does not run during the load" in warnings[0]
    assert "tables parents, children have foreign keys, which are not checked while workers load" in warnings[-1]


def test_read_only_database_is_refused_before_a_change(server: Server) -> None:
    server.execute(
        "ALTER DATABASE existing SET default_transaction_read_only TO on", "ALTER TABLE children ADD surplus int"
    )
    try:
        refusal = r"default_transaction_read_only: 'on' makes the session read-only; .*children.surplus: exists"
        with pytest.raises(ServerError, match=refusal):
            _prepare(server.at)
        with connected("postgresql", server.at) as source:
            assert source.prepare((), OnExisting.EMPTY) == ()
            assert source.count(PARENTS) == 2
    finally:
        server.execute("ALTER DATABASE existing RESET default_transaction_read_only")


def test_database_without_utf8_is_refused(server: Server) -> None:
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    at = parse_connection(server.at.text.replace("/existing", "/latin"), POSTGRESQL)
    with pytest.raises(ServerError, match=r"server_encoding: 'LATIN1' cannot hold every character; use a database"):
        _prepare(at)


def test_missing_rights_are_refused_before_a_change(server: Server) -> None:
    server.execute("GRANT SELECT, INSERT ON parents TO limited", "GRANT ALL ON children TO limited", FOREIGN_KEY)
    with pytest.raises(ServerError) as refused:
        _prepare(server.limited)
    said = str(refused.value)
    assert "public.parents: the user has no DELETE, TRUNCATE right; grant the user SELECT, INSERT, DELETE" in said
    assert "public.children: the user has no" not in said
    assert "the foreign keys cannot be turned off for the load" in said
    assert (server.count("parents"), server.count("children")) == (2, 1)
    server.execute("DROP TABLE children")
    with pytest.raises(ServerError, match=r"public: the user may not create children there; grant the user CREATE"):
        _prepare(server.limited, (CHILDREN,))


@pytest.mark.parametrize("force", [False, True])
def test_row_level_security_is_refused_before_a_change(server: Server, force: bool) -> None:
    server.execute("GRANT ALL ON parents, children TO limited", "ALTER TABLE parents ENABLE ROW LEVEL SECURITY")
    if force:
        server.execute("ALTER TABLE parents OWNER TO limited", "ALTER TABLE parents FORCE ROW LEVEL SECURITY")
    with pytest.raises(ServerError, match=r"parents: has row level security for the user, wanted none; disable it"):
        _prepare(server.limited)
    assert server.count("parents") == 2
    with (
        connected("postgresql", server.limited) as source,
        pytest.raises(ServerError, match="row-level security"),
    ):
        # Raise an error instead of counting the rows that a policy leaves.
        source.count(PARENTS)
    # Policies do not apply to the owner, who may load.
    assert _prepare(server.at) == []


def test_names_of_indexes_do_not_collide_with_tables(server: Server) -> None:
    named = tuple(PARENTS.model_copy(update={"name": name}) for name in ("a", "a_pkey", "a_pkey_pkey"))
    _prepare(server.at, named, OnExisting.FAIL)
    assert [server.count(table.name) for table in named] == [0, 0, 0]


def test_prepare_gives_up_on_locked_table(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.sources.postgresql.prepare._LOCK_SECONDS", 1)
    with server.session.transaction():
        server.execute("LOCK TABLE parents IN ACCESS SHARE MODE")
        with pytest.raises(ServerError, match="lock timeout; end the session that has locked the table"):
            _prepare(server.at)
    assert server.count("parents") == 2


def test_triggers_work_after_load_with_foreign_keys_off(server: Server) -> None:
    server.execute(
        FOREIGN_KEY,
        "CREATE TABLE others (LIKE children)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the trigger ran'; END $$",
        "CREATE TRIGGER own BEFORE INSERT ON others EXECUTE FUNCTION f()",
    )
    rows, others = DATA.table("children").batch(6, 4), CHILDREN.model_copy(update={"name": "others"})
    with connected("postgresql", server.at) as source:
        for table in (CHILDREN, others):
            shard = Shard(table=table.name, seed=42, first_row=6, rows=4)
            with (
                pytest.raises(ServerError, match="the trigger ran") if table is others else nullcontext(),
                source.sink(table, shard, BULK) as sink,
            ):
                sink.send(iter([sink.encode(rows)]))
    assert (server.count("children"), server.count("others")) == (5, 0)


def _append(server: Server, folder: Path) -> Namespace:
    """Return the arguments of `worker prepare` for a run that appends to both tables."""
    plan = LoadPlan(
        run_id="", source="postgresql", operation=Operation.POPULATE, method=BULK, batch_size=50, seed=42, row_count=20,
        on_existing=OnExisting.APPEND, limits=None, data=DATA.schema,
        workers=(
            WorkerPlan(id="worker-1", shards=tuple(Shard(table=t.name, seed=42, first_row=0, rows=20) for t in TABLES)),
        ),
    )  # fmt: skip
    file = folder / "plan.json"
    file.write_text(plan.model_dump_json())
    return Namespace(plan=file, connection_string=server.at.text)


@pytest.mark.parametrize("start", [2, 20])
def test_append_keeps_rows_with_keys_of_the_run(
    server: Server, start: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADTEST_RESULTS", str(tmp_path))
    server.execute(f"UPDATE parents SET id = id + {start}", f"UPDATE children SET id = id + {start + 20}")
    arguments = _append(server, tmp_path)
    if start < 20:
        with pytest.raises(
            ServerError, match=r"onExisting: 'append' needs keys that no row has, but table 'parents' has"
        ):
            prepare(arguments)
    else:
        assert prepare(arguments) == 0
    assert server.count("parents") == 2


def test_refused_append_creates_no_table(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADTEST_RESULTS", str(tmp_path))
    server.execute("DROP TABLE children")
    with pytest.raises(ServerError, match=r"'append' needs keys that no row has, but table 'parents' has"):
        prepare(_append(server, tmp_path))
    assert _counts(server) == [2, None]
    server.execute("DELETE FROM parents")
    assert prepare(_append(server, tmp_path)) == 0
    assert _counts(server) == [0, 0]
