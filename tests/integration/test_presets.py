"""The small preset on Docker with every source: another client finds the reported rows, and nothing is left."""

import pytest

from core.plan import BASE_INSTANT
from core.schema.file import load_schema
from core.schema.model import Schema
from core.stores import SOURCES
from core.units import MIB
from testkit.clone import ROOT
from testkit.containers import require_image
from testkit.images import SERVERS, image
from testkit.sampling import sampled
from testkit.serving import PASSWORD
from tests.integration import containers
from tests.integration.row_readers import RowReader, row_reader
from worker.generate import Dataset

pytestmark = [pytest.mark.engine, pytest.mark.docker]
PRESET_ROWS = 10_000
ROWS = {"neo4j": 2_000, "kafka": 2_000}
"""Rows per table of sources that need minutes for the preset's; each worker still sends several batches."""
EVERY_TYPE = "tests/data/every_kind.yaml"
SHOP = "schemas/shop.yaml"
SCHEMAS = {"postgresql": SHOP, "kafka": SHOP, "csv": SHOP}
"""Sources that load the preset's own schema; the others load a column of every type."""
ON_RAM_DISK = frozenset({"postgresql", "mongodb", "neo4j"})
"""Servers whose data are on a RAM disk; the others have a volume."""
# test_docker.py covers PostgreSQL on Docker, test_same_bytes.py covers CSV.


@pytest.fixture(params=sampled(SOURCES, SOURCES.keys() - {"postgresql", "csv"}))
def source(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stack(source, new_stack, docker):
    rows = ROWS.get(source, PRESET_ROWS)
    settings = {
        "source": source,
        "rowCount": rows,
        "operation": "populate+verify",
        "schema": SCHEMAS.get(source, EVERY_TYPE),
        **docker,
    }
    if source in ON_RAM_DISK:
        settings["databaseTmpfs"] = True
    if source in SERVERS:
        require_image(image(source))
        settings["databaseImage"] = image(source)
    else:
        del settings["databaseImage"]
    stack = new_stack(**settings)
    if source in SERVERS:
        stack.set_secret("databasePassword", PASSWORD)
    return stack


@pytest.mark.timeout(1200)
def test_source_has_the_reported_rows(source, stack):
    """Vary schema and storage pairwise, not all combinations per source: those would find the same faults."""
    stack.up().succeeded()
    if SOURCES[source].needs_server:
        tmpfs = containers.inspected("container", f"loadtest-{stack.name}-database")["HostConfig"].get("Tmpfs")
        assert bool(tmpfs) == (source in ON_RAM_DISK)
    check(stack, source, load_schema(ROOT / stack.setting("schema")))
    stack.destroy().succeeded()
    assert stack.traces() == []


def check(stack, source: str, schema: Schema) -> None:
    names = [table.name for table in schema.tables]
    results = stack.results()
    assert results.keys() == {"worker-1", "worker-2"}
    for worker, result in results.items():
        check_limits(result)
        assert not containers.inspected("container", f"loadtest-{stack.name}-{worker}")["State"]["OOMKilled"]
    report = stack.report_json()
    rows, reader = stack.setting("rowCount"), row_reader(source, stack.name)
    counted = {name: reader.count(schema.table(name)) for name in names}
    assert counted == dict.fromkeys(names, rows)
    assert report["totals"]["rows"] == sum(counted.values())
    assert report["verification"]["matched"] == sum(counted.values())
    assert report["exit_code"] == 0
    for name in names:
        check_values(reader, schema, name, rows)


def check_limits(result) -> None:
    environment = result["environment"]
    assert (result["success"], result["exit_reason"]) == (True, "completed"), result["errors"]
    assert environment["cgroup_memory_limit"] == 512 * MIB
    assert environment["cgroup_cpu_quota"] == "50000 100000"
    assert (environment["tmpfs_enabled"], environment["tmpfs_size_mb"]) == (True, 256)
    assert environment["not_enforced"] == []
    assert 0 < result["peak_memory_mb"] < 512


def check_values(reader: RowReader, schema: Schema, name: str, rows: int) -> None:
    """Compare every cell of every row with the generator."""
    dataset = Dataset(schema, seed=42, rows=rows, base_instant=BASE_INSTANT)
    table = schema.table(name)
    found = sorted(reader.rows(table), key=lambda row: str(row["id"]))
    expected = sorted(reader.expected(table, dataset.table(name).batch(0, rows)), key=lambda row: str(row["id"]))
    assert len(found) == len(expected)
    for found_row, expected_row in zip(found, expected, strict=True):
        assert found_row == expected_row
