"""`watch` as a process, with real workers: local processes, containers, a folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from core.plan import LoadPlan, partition
from core.schema.generators import Sequential
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind
from infra.pidfile import record_process
from infra.platforms.local.workspace import WorkspacePaths
from testkit import session
from tests.aggregate import runs

PROJECT = Path(__file__).resolve().parents[2]
STACK = "watched"
IMAGE = "loadtest-test/debian:bookworm"


@contextmanager
def watching(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run `watch` with these arguments."""
    command = [sys.executable, "-W", "error", "-m", "aggregate", "watch", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """Read to the first line with this text and return it. Fails the test if the output ends before."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return line
    errors = process.stderr.read() if process.stderr else ""
    raise AssertionError(f"no {wanted!r} in: {''.join(lines)}{errors}")


def rest(process: subprocess.Popen[str]) -> str:
    """Read the remaining output. Fails the test if there is anything on standard error."""
    output, errors = process.communicate(timeout=60)
    assert errors == ""
    return output


def file_plan(rows: int) -> LoadPlan:
    """Return a plan of two workers that write a CSV file."""
    columns = tuple(
        Column(name=name, type=DataType(kind=Kind.INT64), generator=Sequential()) for name in ("id", "a", "b", "c")
    )
    schema = Schema(tables=(Table(name="users", primary_key="id", columns=columns),))
    workers = partition(schema, ("users",), rows, 2, 42)
    return runs.plan(2).model_copy(
        update={"source": "csv", "data": schema, "row_count": rows, "workers": workers, "limits": None}
    )


class LocalRun:
    """The workers of a plan as the local platform runs them: processes that write to the stack's folder."""

    def __init__(self, project: Path, plan: LoadPlan) -> None:
        self.paths = WorkspacePaths(project / ".loadtest" / STACK)
        (project / f"Pulumi.{STACK}.yaml").touch()
        self.paths.workers.mkdir(parents=True)
        self.paths.results.mkdir()
        self.paths.plan.write_text(plan.model_dump_json())
        self.output = project / "output"
        self.output.mkdir()
        # Without it, workers that share a folder remove each other's partial files.
        command = [sys.executable, "-m", "worker", "prepare", "--plan", str(self.paths.plan)]
        subprocess.run(command, cwd=PROJECT, env=self._environment(self.paths.workers), check=True, capture_output=True)

    def _environment(self, data: Path) -> dict[str, str]:
        return {
            **os.environ,
            "LOADTEST_CONNECTION_STRING": self.output.as_uri(),
            "LOADTEST_RESULTS": str(self.paths.results),
            "LOADTEST_DATA": str(data),
        }

    def start(self, index: int) -> subprocess.Popen[bytes]:
        """Start one worker and record its process id."""
        name = f"worker-{index + 1}"
        data = self.paths.workers / name
        data.mkdir()
        command = [sys.executable, "-m", "worker", "--plan", str(self.paths.plan), "--index", str(index)]
        with (
            self.paths.output(name).open("wb") as out,
            self.paths.errors(name).open("wb") as err,
        ):
            process = subprocess.Popen(command, cwd=PROJECT, stdout=out, stderr=err, env=self._environment(data))
        record_process(process.pid, self.paths.process(name))
        return process

    def wait_for_output(self, name: str) -> None:
        """Wait until a worker has written a line. Before that it starts, and is never late."""
        deadline = time.monotonic() + 120
        while b"\n" not in self.paths.output(name).read_bytes():
            assert time.monotonic() < deadline, f"{name} wrote nothing"
            time.sleep(0.1)


def test_watch_follows_local_workers(tmp_path):
    run = LocalRun(tmp_path, file_plan(2_000_000))
    with watching("--stack", STACK, "--project", tmp_path, "--platform", "local") as watch:
        workers = [run.start(0), run.start(1)]
        read_until(watch, "worker-1: waiting -> running")
        output = rest(watch)
        assert [worker.wait() for worker in workers] == [0, 0]
    assert watch.returncode == 0
    assert "2,000,000 of 2,000,000 rows" in output
    assert "│ TOTAL    │ 1      │ 2,000,000 │" in output
    assert "Load test watched: populate csv on local, tables users, 2,000,000 rows per table, seed 42\n" in output


def test_stopped_worker_is_late_and_killed_worker_is_lost(tmp_path):
    run = LocalRun(tmp_path, file_plan(200_000_000))
    with watching("--stack", STACK, "--project", tmp_path, "--platform", "local") as watch:
        stopped, other = run.start(0), run.start(1)
        read_until(watch, "worker-1: waiting -> running")
        run.wait_for_output("worker-1")
        stopped.send_signal(signal.SIGSTOP)
        read_until(watch, "worker-1: running -> late")
        other.send_signal(signal.SIGTERM)
        line = read_until(watch, "worker-2: running -> failed")
        assert "SIGTERM: the worker was asked to stop" in line
        stopped.kill()
        stopped.wait()
        read_until(watch, "worker-1: late -> lost")
        output = rest(watch)
        other.wait()
    assert watch.returncode == 1
    assert "warning: worker-1: missing: it ended without a result, after " in output
    assert "warning: worker-2: interrupted: SIGTERM" in output


def test_next_option_waits_for_another_run(tmp_path):
    run = LocalRun(tmp_path, file_plan(1000))
    for index in (0, 1):
        run.start(index).wait()
    with watching("--stack", STACK, "--project", tmp_path, "--platform", "local") as watch:
        assert "│ TOTAL    │ 1      │ 1,000 │" in rest(watch)
    again = ("--stack", STACK, "--project", tmp_path, "--platform", "local", "--next", "--wait", "2")
    with watching(*again) as watch:
        assert watch.wait(timeout=30) == 1
        assert watch.stderr is not None
        assert watch.stderr.read() == (
            "waiting for the first worker of watched\n"
            "error: found no worker of watched within 2 s; start one with: ./loadtest up -s watched\n"
        )


def test_watch_follows_folder_of_results(tmp_path):
    (tmp_path / "plan.json").write_text(runs.plan().model_dump_json())
    with watching("--results-dir", tmp_path) as watch:
        read_until(watch, "worker-3: waiting -> running")
        for result in runs.three_workers():
            (tmp_path / f"{result.worker_id}.json").write_text(result.model_dump_json())
        output = rest(watch)
    assert watch.returncode == 0
    assert "│ TOTAL    │ 3        │ 150,000 │ 6m 01s*  │ 485.1†   │ ok     │" in output


@pytest.fixture
def containers() -> Iterator[Callable[[str, str], str]]:
    """Return a function that creates containers of the watched stack, which run a shell script; remove them at the end."""
    client = docker.from_env()
    stack = session.unique(STACK)
    made = []

    def make(worker: str, script: str) -> str:
        labels = {"loadtest.stack": stack, "loadtest.worker": worker}
        container = client.containers.create(
            IMAGE, ["sh", "-c", script], name=session.unique("watched"), labels=labels, mem_limit="64m"
        )
        made.append(container)
        container.start()
        return stack

    yield make
    for container in made:
        container.remove(force=True)
    client.close()


@pytest.mark.docker
def test_watch_follows_containers(containers, tmp_path):
    progress = {"batches": 1, "bytes": 9, "total_rows": 1000, "memory_mb": 30, "p99_ms": 1.5}
    at = "2026-03-01T10:00:0{}Z"
    first = json.dumps({"progress": "worker-1", "at": at.format(1), "rows": 250, **progress}, separators=(",", ":"))
    second = json.dumps({"progress": "worker-1", "at": at.format(2), "rows": 750, **progress}, separators=(",", ":"))
    result = runs.result(1, rows=1000, seconds=2).model_dump_json()
    containers("database", "sleep 60")
    containers("worker-2", "echo '{}'; sleep 1; kill -9 $$")
    script = f"echo noise; echo '{first}'; sleep 2; echo '{second}'; sleep 2; echo '{result}'"
    stack = containers("worker-1", script)
    (tmp_path / f"Pulumi.{stack}.yaml").touch()
    with watching("--stack", stack, "--platform", "docker", "--project", tmp_path) as watch:
        output = rest(watch)
    assert watch.returncode == 1
    assert "warning: worker-2: missing: it ended without a result, after 0 rows" in output
    assert "-> lost, 0 rows" in output
    assert "-> done, 1,000 rows" in output
    assert "database" not in output


def test_ctrl_c_stops_watching(tmp_path):
    (tmp_path / "plan.json").write_text(runs.plan().model_dump_json())
    with watching("--results-dir", tmp_path) as watch:
        read_until(watch, "worker-3: waiting -> running")
        time.sleep(0.2)
        watch.send_signal(signal.SIGINT)
        assert "Stopped watching. The run is still in progress." in rest(watch)
    assert watch.returncode == 130
