"""Run `python -m worker`: a load without a plan, a plan file, and input errors in one line."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ExitCode
from core.plan import LoadPlan, partition
from core.results import WorkerResult
from core.schema.file import load_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "shop.yaml"


@pytest.fixture
def worker(tmp_path):
    """A function that runs the worker in a temporary folder; folders and secrets are set in the environment."""

    def run(*arguments, **environment):
        folders = {"LOADTEST_RESULTS": str(tmp_path / "results"), "LOADTEST_DATA": str(tmp_path)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADTEST_")}
        command = [sys.executable, "-m", "worker", *map(str, arguments)]
        return subprocess.run(
            command, cwd=ROOT, env={**inherited, **folders, **environment}, capture_output=True, text=True, check=False
        )

    return run


def plan_file(folder, **changed):
    schema = load_schema(SCHEMA)
    plan = LoadPlan(
        run_id="run",
        source="csv",
        method="bulk",
        batch_size=30,
        seed=42,
        row_count=100,
        limits=None,
        data=schema,
        workers=partition(schema, ["users", "orders"], 100, 3, 42),
    ).model_copy(update=changed)
    file = folder / "plan.json"
    file.write_text(plan.model_dump_json())
    return file


def test_load_without_plan_writes_files_and_result(worker, tmp_path):
    metrics = tmp_path / "elsewhere" / "metrics.json"
    done = worker(
        "--worker-id", "worker-9", "--schema", SCHEMA, "--source", "csv", "--tables", "users,orders", "--row-count", 100,
        "--seed", 7, "--batch-size", 30, "--metrics-output", metrics, "--connection-string", (tmp_path / "out").as_uri(),
    )  # fmt: skip
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stderr.startswith("=== Runtime Environment Verification ===")
    result = WorkerResult.model_validate_json(metrics.read_text())
    assert result == WorkerResult.model_validate_json(done.stdout.splitlines()[-1])
    assert (result.worker_id, result.success, result.tables_processed) == ("worker-9", True, ("users", "orders"))
    assert (result.metrics.rows_processed, result.metrics.batch_count) == (200, 8)
    files = sorted((tmp_path / "out").rglob("*.csv"))
    assert [file.parent.name for file in files] == ["orders", "users"]
    assert result.metrics.bytes_written == sum(file.stat().st_size for file in files) - sum(
        len(file.read_bytes().splitlines(keepends=True)[0]) for file in files
    )


def test_result_has_all_documented_fields(worker, tmp_path):
    worker("--schema", SCHEMA, "--source", "jsonl", "--row-count", 10)
    result = json.loads((tmp_path / "results" / "worker-1.json").read_text())
    assert result.keys() >= {
        "worker_id", "hostname", "started_at", "completed_at", "success", "environment", "tables_processed", "operation",
        "metrics", "errors", "verification_report",
    }  # fmt: skip
    assert result["environment"].keys() >= {"cpu_cores", "memory_mb", "tmpfs_enabled", "tmpfs_size_mb"}
    assert result["metrics"].keys() == {
        "rows_processed",
        "duration_ms",
        "batch_count",
        "rows_per_second",
        "bytes_written",
    }


def test_instants_of_result_are_in_order(worker, tmp_path):
    worker("--schema", SCHEMA, "--source", "jsonl", "--row-count", 10, "--operation", "populate+verify")
    result = WorkerResult.model_validate_json((tmp_path / "results" / "worker-1.json").read_text())
    names = ["started", "connected", "ready", "load_started", "load_ended", "verify_started", "verify_ended", "ended"]
    instants = [getattr(result.instants, name) for name in names]
    assert None not in instants
    assert instants == sorted(instants)
    loading = (instants[4] - instants[3]).total_seconds() * 1000
    assert abs(result.metrics.duration_ms - loading) < 500


def test_worker_loads_its_shards_of_the_plan(worker, tmp_path):
    file = plan_file(tmp_path)
    out = (tmp_path / "out").as_uri()
    prepared = worker("prepare", "--plan", file, LOADTEST_CONNECTION_STRING=out)
    assert prepared.returncode == ExitCode.OK, prepared.stderr
    assert json.loads(prepared.stdout)["prepared"] == ["users", "orders"]
    done = worker("--plan", file, "--index", 2, LOADTEST_CONNECTION_STRING=out)
    assert done.returncode == ExitCode.OK, done.stderr
    result = WorkerResult.model_validate_json((tmp_path / "results" / "worker-3.json").read_text())
    assert [(s.table, s.first_row, s.rows, s.rows_processed) for s in result.shards] == [
        ("users", 66, 34, 34),
        ("orders", 67, 33, 33),
    ]
    assert result.run_id == "run"
    assert sorted(file.name for file in (tmp_path / "out").rglob("*.csv")) == [
        "part-00000000000000000066.csv",
        "part-00000000000000000067.csv",
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "error: --schema: is missing; give it, or give --plan and --index"),
        (["--schema", SCHEMA], "error: --source: is missing; give it, or give --plan and --index"),
        (["--schema", SCHEMA, "--source", "oracle"], "error: --source: 'oracle' is not a valid source; write one of "),
        (
            ["--schema", "none.yaml", "--source", "csv"],
            "error: none.yaml: does not exist; write the path of a schema file",
        ),
        (["--schema", SCHEMA, "--source", "csv", "--tables", "clients"], "error: --tables: "),
        (
            ["--schema", SCHEMA, "--source", "csv", "--row-count", "0"],
            "error: --row-count: 0 must be above zero; write",
        ),
        (
            ["--schema", SCHEMA, "--source", "csv", "--batch-size", "-1"],
            "error: --batch-size: -1 must be above zero; write",
        ),
        (["--schema", SCHEMA, "--source", "postgresql"], "error: --connection-string: is missing; give it, or set "),
        (["--plan", "none.json", "--index", "0"], "error: --plan: none.json cannot be read"),
        (["--plan", SCHEMA, "--index", "0"], f"error: --plan: {SCHEMA} is not a valid plan"),
        (["prepare", "--plan", "none.json"], "error: --plan: none.json cannot be read"),
    ],
)
def test_input_error_is_one_line_and_writes_nothing(worker, tmp_path, arguments, line):
    done = worker(*arguments)
    assert (done.returncode, done.stdout) == (ExitCode.BAD_INPUT, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_index_beyond_plan_is_refused(worker, tmp_path):
    done = worker("--plan", plan_file(tmp_path), "--index", 3)
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stderr == "error: --index: 3 is not a worker of this plan; write a number from 0 to 2\n"


@pytest.mark.parametrize("where", ["argument", "environment"])
def test_absent_server_error_is_one_line_without_password(worker, tmp_path, where):
    file = plan_file(tmp_path, source="postgresql", connect_seconds=1)
    text = "postgresql://loader:pass-of-the-tests@127.0.0.1:1/none"
    given = (["--connection-string", text], {}) if where == "argument" else ([], {"LOADTEST_CONNECTION_STRING": text})
    done = worker("prepare", "--plan", file, *given[0], **given[1])
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert done.stderr.startswith("error: postgresql://127.0.0.1:1/none: ")
    assert "check that the server is up and reachable" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "pass-of-the-tests" not in done.stderr


def test_unwritable_output_folder_still_writes_result(worker, tmp_path):
    (tmp_path / "a-file").write_text("")
    done = worker(
        "--schema", SCHEMA, "--source", "csv", "--row-count", 10, "--connection-string", (tmp_path / "a-file").as_uri()
    )
    assert done.returncode == ExitCode.FAILED
    result = WorkerResult.model_validate_json((tmp_path / "results" / "worker-1.json").read_text())
    assert (result.success, result.metrics.rows_processed) == (False, 0)
    assert result.errors[0].startswith(f"{tmp_path / 'a-file'}: ")
    assert "Traceback" not in done.stderr


def test_sigterm_writes_result_of_partial_load(tmp_path):
    environment = {**os.environ, "LOADTEST_RESULTS": str(tmp_path / "results"), "LOADTEST_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "worker", "--schema", str(SCHEMA), "--source", "csv", "--row-count", "500000000"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["progress"] == "worker-1"
        process.send_signal(signal.SIGTERM)
        last = process.stdout.read().splitlines()[-1]
        assert process.wait(timeout=60) == ExitCode.TERMINATED
    result = WorkerResult.model_validate_json(last)
    assert (result.success, result.exit_reason) == (False, "interrupted")
    assert result.errors == ("SIGTERM: the worker was asked to stop",)
    assert 0 < result.metrics.rows_processed < 500_000_000
    assert WorkerResult.model_validate_json((tmp_path / "results" / "worker-1.json").read_text()) == result
