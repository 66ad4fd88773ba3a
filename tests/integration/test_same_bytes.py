"""The same seed gives the same bytes for any number of workers, batch size and platform."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from core.plan import Limits, LoadPlan, partition
from core.schema.file import load_schema
from core.units import MIB
from infra.fleet.orchestrator import run_fleet
from infra.platforms.local.runner import LocalHandles, LocalRunner
from testkit.clone import ROOT
from tests.integration import containers

SCHEMA = load_schema(ROOT / "schemas" / "shop.yaml")
TABLES = tuple(table.name for table in SCHEMA.tables)
ROWS = 1500


def files_of(folder: Path) -> dict[str, bytes]:
    """Return each table's parts, concatenated in the order of their names, which is the order of their rows."""
    return {
        table.name: b"".join(part.read_bytes() for part in sorted(table.glob("part-*.csv")))
        for table in folder.iterdir()
        if table.is_dir()
    }


@pytest.fixture(scope="module")
def expected() -> dict[str, bytes]:
    """Return the tables' files as `worker generate` writes them: one process, one range, no plan."""
    command = [sys.executable, "-m", "worker", "generate", "--schema", "schemas/shop.yaml", "--format=csv"]
    command += [f"--rows=0:{ROWS}", f"--row-count={ROWS}"]
    made = {
        table: subprocess.run([*command, f"--table={table}"], cwd=ROOT, capture_output=True, check=True).stdout
        for table in TABLES
    }
    assert all(content.count(b"\n") > ROWS for content in made.values())
    return made


def run_locally(folder: Path, workers: int, batch_size: int) -> dict[str, bytes]:
    """Run a fleet of processes with the runner that `up` uses."""
    plan = LoadPlan(
        run_id="bytes",
        source="csv",
        method="bulk",
        batch_size=batch_size,
        seed=42,
        row_count=ROWS,
        limits=Limits(cpu=2, memory=512 * MIB, tmpfs=None),
        data=SCHEMA,
        workers=partition(SCHEMA, TABLES, ROWS, workers, 42),
    )
    folder.mkdir()
    secrets = {"LOADTEST_CONNECTION_STRING": (folder / "output").as_uri()}
    outcome = run_fleet(
        plan, LocalRunner(LocalHandles(folder=folder, project=ROOT), plan, secrets), wanted=lambda: True
    )
    assert outcome.succeeded, outcome
    return files_of(folder / "output")


@pytest.mark.parametrize(
    ("workers", "batch_size"),
    [(1, 1), (3, ROWS + 1), (7, 500)],
)
def test_local_runner_writes_same_bytes(tmp_path, expected, workers, batch_size):
    assert run_locally(tmp_path / "run", workers, batch_size) == expected


@pytest.mark.engine
def test_up_on_this_machine_writes_same_bytes(new_stack, tmp_path, expected):
    """Use fewer workers in a second run; no part of the first run may be left."""
    output = tmp_path / "kept"
    stack = new_stack(source="csv", rowCount=ROWS, outputDir=f"{output}/")
    for workers, batch_size in ((7, 1), (2, 500)):
        stack.up(workers=workers, batchSize=batch_size).succeeded()
        assert files_of(output) == expected
    (output / "notes.txt").touch()
    refused = stack.up(workers=1).failed()
    assert f"loadtest:outputDir: {str(output)!r} holds 'notes.txt', which this stack did not write" in refused.output
    (output / "notes.txt").unlink()
    stack.destroy().succeeded()
    # The user named the folder, so destroy keeps it.
    assert files_of(output) == expected


@pytest.mark.engine
@pytest.mark.docker
def test_up_on_docker_writes_same_bytes(clone, new_stack, docker, tmp_path, expected):
    """Run twelve workers at the same time into a relative folder, then fewer; no part of the first run may be left."""
    output = tmp_path / "kept"
    relative = os.path.relpath(output, clone.folder)
    settings = {"source": "csv", "rowCount": ROWS, "workers": 12, "batchSize": 1, "cpuLimit": "0.1"}
    stack = new_stack(**docker, **settings, outputDir=relative)
    stack.up().succeeded()
    results = stack.results()
    assert len(results) == 12
    assert all(result["success"] for result in results.values()), results
    assert {result["environment"]["cgroup_cpu_quota"] for result in results.values()} == {"10000 100000"}
    states = [containers.inspected("container", f"loadtest-{stack.name}-{worker}")["State"] for worker in results]
    starts = [datetime.fromisoformat(state["StartedAt"]) for state in states]
    assert max(starts) < min(datetime.fromisoformat(state["FinishedAt"]) for state in states)
    outputs = stack.outputs()
    assert outputs["startSpreadMs"] == pytest.approx((max(starts) - min(starts)).total_seconds() * 1000, abs=0.1)
    assert "Starts: loading began within" in stack.report().succeeded().output
    assert files_of(output) == expected

    stack.up(workers=3, batchSize=500, cpuLimit="0.5").succeeded()
    assert files_of(output) == expected
    assert len(list(output.rglob("part-*"))) == len(TABLES)
