import os
import re

import pytest
from pulumi.runtime import set_all_config

from core.errors import ExitCode, InputError
from core.options import OnExisting
from infra import program
from infra.cli.plan import main
from infra.databases import database_of
from infra.planner import plan_of, warnings_of
from tests.infra.configuration import ROOT, settings, values


def plan(**given):
    return plan_of(settings(**given), ROOT)


def warnings(**given):
    given.setdefault("cpuLimit", "0.01")
    given.setdefault("databaseCpuLimit", "0.01")
    read = settings(**given)
    return warnings_of(plan(**given), database_of(read), here=True, port_kept=read.keep_database_port)


def test_plan_matches_small_preset():
    small = plan()
    assert small.rows == 30_000
    assert [worker.tables for worker in small.workers] == [("users", "products"), ("orders",)]
    assert small.limits is not None
    assert (small.limits.cpu, small.limits.memory, small.limits.tmpfs) == (0.5, 512 << 20, 256 << 20)


def test_plan_has_timeouts_from_settings():
    plan = plan_of(settings(timeout=900, connectTimeout=7), ROOT)
    assert (plan.timeout_seconds, plan.connect_seconds) == (900, 7)


def test_chosen_tables_keep_schema_order_and_seeds():
    named = plan(tables="products,users")
    assert named.tables == ("users", "products")
    assert {shard.table: shard.seed for worker in named.workers for shard in worker.shards} == {
        "users": 42,
        "products": 44,
    }


def test_plan_without_ram_disk_has_no_tmpfs_limit():
    limits = plan(tmpfs="false").limits
    assert limits is not None
    assert limits.tmpfs is None


@pytest.mark.parametrize(
    "changed", [{"seed": "43"}, {"batchSize": "501"}, {"workers": "3"}, {"rowCount": "9"}, {"method": "insert"}]
)
def test_default_run_id_depends_on_every_setting(changed):
    assert plan(seed="42").run_id == plan().run_id, "a default that is written down changes nothing"
    assert re.fullmatch("run-[0-9a-f]{12}", plan().run_id)
    assert plan(**changed).run_id != plan().run_id


def test_run_id_setting_replaces_default():
    assert plan(runId="mine-1").run_id == "mine-1"


def test_on_existing_default_depends_on_server_owner():
    assert plan().on_existing is OnExisting.EMPTY
    assert plan(connectionString="postgresql://h/d").on_existing is OnExisting.FAIL
    assert plan(connectionString="postgresql://h/d", onExisting="append").on_existing is OnExisting.APPEND


def schema_file(folder, text):
    file = folder / "schema.yaml"
    file.write_text(text)
    return str(file)


ID = "columns: [{name: id, data_type: integer}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: []", "tables: [] is "),
        (
            "tables:\n  - {name: t, primary_key: id, columns: [{name: id, data_type: integer}, {name: id, data_type: name}]}",
            "'id'",
        ),
        ("tables:\n  - {name: t, primary_key: id, columns: [{name: id, data_type: integger}]}", "'integger'"),
        ("tables:\n  - {name: t, primary_key: nope, " + ID + "}", "'nope'"),
        ("tables: [", "is not valid YAML"),
        ("", "tables is missing"),
    ],
)
def test_invalid_schema_is_refused(tmp_path, text, message):
    file = schema_file(tmp_path, text)
    with pytest.raises(InputError) as refused:
        plan(schema=file)
    line = str(refused.value)
    assert line.startswith(file)
    assert message in line
    assert "; " in line
    assert "\n" not in line
    assert refused.value.exit_code == ExitCode.BAD_INPUT


def test_missing_schema_file_is_refused():
    with pytest.raises(InputError, match=r"schemas/none\.yaml: does not exist; write the path of a schema file"):
        plan(schema="schemas/none.yaml")


def test_unknown_table_is_refused():
    with pytest.raises(InputError) as refused:
        plan(tables="users,clients")
    assert str(refused.value) == (
        "loadtest:tables: 'clients' is not a table of schemas/shop.yaml; write some of users, orders, products"
    )


def test_default_plan_has_no_warnings():
    assert warnings() == []


def test_warns_of_ram_disk_larger_than_memory():
    assert warnings(tmpfsSize="512Mi") == []
    (warning,) = warnings(tmpfsSize="600Mi")
    assert warning.startswith("RAM disk of 600Mi is larger than the worker's memory of 512Mi: a worker that fills")


def test_warns_of_memory_limit_below_working_set():
    assert "a worker needs about 192Mi and has a memory limit of 64Mi" in warnings(memoryLimit="64Mi", tmpfs="false")


def test_warns_of_data_larger_than_server_ram_disk():
    given = {"platform": "docker", "databaseTmpfs": "true", "databaseMemoryLimit": "256Mi", "memoryLimit": "9Gi"}
    assert warnings(**given) == []
    (warning,) = warnings(**given, rowCount="10000000")
    assert re.fullmatch(
        r"about \S+Gi of rows do not fit the server's RAM disk of 128Mi; raise loadtest:databaseMemoryLimit", warning
    )


def test_up_and_plan_print_the_same_warnings(monkeypatch, capsys):
    given = {"databaseTmpfs": "true", "platform": "docker", "rowCount": "10000000", "databasePassword": "long-enough"}
    read = {f"loadtest:{key}": str(value) for key, value in values(**given).items()}
    warned: list[str] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("pulumi.get_stack", lambda: "small")
    monkeypatch.setattr("pulumi.log.warn", warned.append)
    monkeypatch.setattr("infra.program.component_of", lambda _: lambda *_: None)
    set_all_config(read, ["loadtest:databasePassword"])
    try:
        program.declare(ROOT)
    finally:
        set_all_config({}, [])
    del given["databasePassword"]
    overrides = [part for key, value in given.items() for part in ("-c", f"{key}={value}")]
    assert main(["--stack", "small", *overrides]) == ExitCode.OK
    printed = [line.removeprefix("warning: ") for line in capsys.readouterr().out.splitlines() if "warning: " in line]
    assert warned == printed
    assert any("do not fit the server's RAM disk" in warning for warning in warned)


KEYS = """
tables:
  - name: t
    primary_key: id
    columns:
      - {name: id, data_type: KIND, generator: {type: sequential, start: 1}}
"""


@pytest.mark.parametrize(
    ("kind", "indexed"), [("bigint", False), ("int", False), ("varchar(20)", True), ("text", True)]
)
def test_warns_of_index_unless_keys_are_consecutive_integers(tmp_path, kind, indexed):
    file = schema_file(tmp_path, KEYS.replace("KIND", kind))
    found = warnings(schema=file, operation="populate+verify", rowCount="100000000", tmpfs="false")
    assert any("indexes the keys of a table" in warning for warning in found) == indexed


def test_warns_of_more_cores_than_the_machine_has():
    cores = os.cpu_count() or 1
    (warning,) = warnings(cpuLimit=str(cores), workers="2", databaseCpuLimit="1")
    assert warning == f"{2 * cores + 1} cores are requested and this machine has {cores}: workers share them"


def test_warns_of_workers_without_rows():
    assert "4 of 7 workers have no row to load" in warnings(rowCount="1", workers="7")


def test_warns_of_batch_larger_than_source_accepts():
    neo4j = {"platform": "docker", "source": "neo4j"}
    assert warnings(**neo4j, batchSize="10000") == []
    (warning,) = warnings(**neo4j, batchSize="20000")
    assert warning == "loadtest:batchSize: 20000 is more than neo4j accepts per commit: it commits 10000 rows"


def test_warns_of_published_port_with_unreachable_address():
    published = {"platform": "docker", "keepDatabasePort": "true"}
    assert warnings(**published, source="postgresql") == []
    (warning,) = warnings(**published, source="kafka")
    assert warning.startswith("loadtest:keepDatabasePort: kafka sends its clients to its address on the run's network")
