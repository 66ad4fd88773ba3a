"""Run a worker: measure the environment, connect, load and verify each shard, and write the result in every case."""

import contextlib
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import psutil

from core.errors import ExitCode, VerificationError
from core.plan import Shard
from core.results import Instants, ShardResult, WorkerResult
from worker.assignment import Assignment
from worker.generate import Dataset
from worker.pipeline import load_shard, prepare_tables, remove_shard
from worker.result.counters import Counters, ProgressLines
from worker.result.exit_status import COMPLETED, StoppedError, exit_status_of
from worker.result.writer import write_result
from worker.retry import retry_until
from worker.sources import open_source
from worker.sources.base import Source
from worker.system.environment import RuntimeEnvironment, peak_memory_mb
from worker.system.parent_watch import end_with_parent
from worker.verify.table_diff import describe_differences
from worker.verify.verification import Verification


def run_worker(assignment: Assignment) -> ExitCode:
    """Load and verify one worker's share, write its result, and return its exit code."""
    worker, plan = assignment.worker, assignment.plan
    end_with_parent()
    runtime = RuntimeEnvironment(assignment.folders.data, assignment.folders.results)
    _log(runtime.log_text(runtime.measure(plan.limits)))
    counters, partial = Counters(total_rows=worker.rows, loads=plan.operation.populates), _PartialResult()
    runtime.begin_timing()
    started_at = datetime.now(UTC)
    status = COMPLETED
    try:
        with _interruptible(), ProgressLines(worker.id, counters, _emit) as progress:
            _work(assignment, runtime, counters, partial, progress)
    except Exception as error:  # noqa: BLE001 - a bug in the worker must still produce a result
        status = exit_status_of(error)
    for message in status.errors:
        _log(f"error: {message}")
    result = WorkerResult(
        worker_id=worker.id,
        hostname=socket.gethostname(),
        started_at=started_at,
        completed_at=datetime.now(UTC),
        success=status.code is ExitCode.OK,
        environment=runtime.measure(plan.limits),
        tables_processed=worker.tables,
        operation=plan.operation,
        metrics=counters.metrics(),
        errors=status.errors,
        verification_report=partial.verification.report,
        run_id=plan.run_id,
        attempt=assignment.attempt,
        exit_reason=status.reason,
        exit_code=int(status.code),
        latency_ms=counters.latencies.summary(assignment.capabilities.limit_batch(plan.batch_size)),
        timeline=tuple(counters.timeline),
        latency_timeline=counters.intervals.summary(),
        phases=counters.phases(),
        instants=Instants(started=_process_start(), ended=datetime.now(UTC), **counters.instants),
        shards=partial.shards(worker.shards, counters),
        peak_memory_mb=peak_memory_mb(),
        server_settings=partial.server_settings,
    )
    write_result(result, assignment.result_path, _emit)
    return status.code


class _PartialResult:
    """The results so far, which are reported if the worker fails before it has loaded everything."""

    def __init__(self) -> None:
        self.server_settings: dict[str, str] = {}
        self.verification = Verification()
        self._rows_before: list[int] = []

    def begin(self, counters: Counters) -> None:
        """Begin the next shard; store the number of rows acknowledged before it."""
        self._rows_before.append(counters.rows)

    def shards(self, planned: tuple[Shard, ...], counters: Counters) -> tuple[ShardResult, ...]:
        """Return each planned shard with the number of its acknowledged rows."""
        bounds = [*self._rows_before, counters.rows]
        rows = [stop - start for start, stop in pairwise(bounds)]
        rows += [0] * (len(planned) - len(rows))
        return tuple(
            ShardResult(table=shard.table, first_row=shard.first_row, rows=shard.rows, rows_processed=count)
            for shard, count in zip(planned, rows, strict=True)
        )


def _work(
    assignment: Assignment,
    runtime: RuntimeEnvironment,
    counters: Counters,
    partial: _PartialResult,
    progress: ProgressLines,
) -> None:
    """Load, verify, or both; raise VerificationError if rows differ."""
    plan = assignment.plan
    dataset = Dataset(plan.data, plan.seed, plan.row_count, plan.base_instant)
    with _connected(assignment, counters) as source:
        partial.server_settings.update(source.settings())
        counters.mark_ready()
        if assignment.gate.start is not None:
            progress.write()
            assignment.gate.wait(plan.start_seconds)
        runtime.begin_timing()
        if plan.operation.populates:
            _load(assignment, source, dataset, counters, partial)
        if plan.operation.verifies:
            if plan.operation.populates:
                runtime.end_timing()
            counters.begin_verify()
            try:
                partial.verification.run(source, plan, assignment.worker, dataset, counters)
            finally:
                counters.mark("verify_ended")
    report = partial.verification.report
    if report is not None and (wrong := describe_differences(report)):
        raise VerificationError(wrong)


def _load(
    assignment: Assignment, source: Source, dataset: Dataset, counters: Counters, partial: _PartialResult
) -> None:
    plan = assignment.plan
    if assignment.prepares:
        for warning in prepare_tables(source, plan):
            _log(f"warning: {warning}")
    counters.begin_load()
    try:
        for shard in assignment.worker.shards:
            rows = dataset.table(shard.table)
            partial.begin(counters)
            if assignment.attempt > 1:
                remove_shard(source, rows, shard)
            load_shard(source, rows, shard, plan.method, plan.batch_size, counters)
    finally:
        counters.end_load()


@contextlib.contextmanager
def _connected(assignment: Assignment, counters: Counters) -> Iterator[Source]:
    source = open_source(assignment.capabilities, assignment.connection, assignment.slot)
    started = time.perf_counter()
    try:
        retry_until(assignment.plan.connect_seconds, source.connect)
        counters.add_seconds("connect", time.perf_counter() - started)
        counters.mark("connected")
        yield source
    finally:
        source.close()


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Raise StoppedError in the main thread on SIGTERM or SIGINT, so that each `with` block cleans up."""

    def interrupt(number: int, _: object) -> None:
        raise StoppedError(f"{signal.Signals(number).name}: the worker was asked to stop")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _process_start() -> datetime:
    return datetime.fromtimestamp(psutil.Process().create_time(), UTC)


def _emit(line: str) -> None:
    """Write one machine-readable line to standard output and flush it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _log(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
