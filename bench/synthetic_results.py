"""Create synthetic worker results, for any number of workers, for measuring and viewing reports without a fleet.

`python -m bench.synthetic_results 1000` prints a stack's outputs for `python -m aggregate -`.
"""

import json
import random
import sys
from datetime import UTC, datetime, timedelta

from hdrh.histogram import HdrHistogram

from core.options import Operation
from core.plan import Limits, LoadPlan, WorkerPlan, partition
from core.results import (
    Environment,
    ExitReason,
    Latency,
    LatencyTimeline,
    Metrics,
    Phases,
    ShardResult,
    WorkerResult,
)
from core.schema.generators import Sequential
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind
from worker.result.latency_timeline import IntervalRecorder

TABLES = ("users", "orders", "products")
START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
BATCH = 1000
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "1GB",
    "wal_level": "minimal",
    "synchronous_commit": "off",
    "fsync": "on",
}


def synthetic_plan(workers: int, rows_per_worker: int) -> LoadPlan:
    """Return a plan of three tables."""
    key = Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential())
    schema = Schema(tables=tuple(Table(name=name, primary_key="id", columns=(key,)) for name in TABLES))
    rows = rows_per_worker * workers // len(TABLES)
    return LoadPlan(
        run_id=f"made-{workers}",
        source="postgresql",
        method="bulk",
        batch_size=BATCH,
        seed=42,
        row_count=rows,
        limits=Limits(cpu=1.0, memory=1 << 30, tmpfs=1 << 30),
        data=schema,
        workers=partition(schema, TABLES, rows, workers, 42),
    )


def synthetic_results(plan: LoadPlan, seed: int = 42) -> list[WorkerResult]:
    """Return one result per worker, with a timeline of tens of seconds, a histogram and all metrics of a worker."""
    chance = random.Random(seed)
    return [_result(plan, worker, number, chance) for number, worker in enumerate(plan.workers)]


def _result(plan: LoadPlan, worker: WorkerPlan, number: int, chance: random.Random) -> WorkerResult:
    seconds = chance.gauss(42, 3)
    delay = number * 0.004 + chance.random()
    latencies = HdrHistogram(1, 3_600_000_000, 3)
    for _ in range(max(1, worker.rows // BATCH)):
        latencies.record_value(round(chance.lognormvariate(3.4, 0.45) * 1000))
    timeline = _timeline(worker.rows, seconds - 0.3, chance)
    started = START + timedelta(seconds=delay)
    p50, p90, p99, p999 = (latencies.get_value_at_percentile(of) / 1000 for of in (50, 90, 99, 99.9))
    return WorkerResult(
        worker_id=worker.id,
        hostname=f"loadtest-{worker.id}",
        started_at=started,
        completed_at=started + timedelta(seconds=seconds),
        success=True,
        environment=Environment(
            cpu_cores=2,
            memory_mb=1024,
            available_memory_mb=930,
            tmpfs_enabled=True,
            tmpfs_size_mb=1024,
            cgroup_memory_limit=1 << 30,
            cgroup_cpu_quota="100000 100000",
            nr_throttled=round(chance.random() * 20),
            throttled_ms=round(chance.random() * 900, 1),
        ),
        tables_processed=worker.tables,
        operation=Operation.POPULATE,
        metrics=Metrics(
            rows_processed=worker.rows,
            duration_ms=round(seconds * 1000),
            batch_count=max(1, worker.rows // BATCH),
            rows_per_second=round(worker.rows / seconds, 1),
            bytes_written=worker.rows * 61,
        ),
        run_id=plan.run_id,
        exit_reason=ExitReason.COMPLETED,
        exit_code=0,
        latency_ms=Latency(
            p50=p50,
            p90=p90,
            p99=p99,
            p999=p999,
            max=latencies.get_max_value() / 1000,
            batch_size=BATCH,
            histogram=latencies.encode().decode(),
        ),
        timeline=timeline,
        latency_timeline=_latency_timeline(worker.rows, seconds - 0.3, number),
        phases=Phases(connect=300, generate=4100, encode=6200, send=seconds * 650, commit=seconds * 90),
        shards=tuple(
            ShardResult(table=each.table, first_row=each.first_row, rows=each.rows, rows_processed=each.rows)
            for each in worker.shards
        ),
        peak_memory_mb=round(chance.gauss(141, 6), 1),
        server_settings=SETTINGS,
    )


def _timeline(rows: int, seconds: float, chance: random.Random) -> tuple[int, ...]:
    """Return rows per second, unevenly distributed, whose sum is `rows`."""
    weights = [chance.gauss(1, 0.15) for _ in range(int(seconds))] + [seconds % 1]
    total = sum(weights)
    counts = [round(rows * weight / total) for weight in weights]
    counts[-1] += rows - sum(counts)
    return tuple(counts)


def _latency_timeline(rows: int, seconds: float, seed: int) -> LatencyTimeline | None:
    """Return batches at random instants, of which those in the middle of the load take twice the time."""
    chance = random.Random(seed)
    recorder = IntervalRecorder()
    for at in sorted(chance.random() * seconds for _ in range(max(1, rows // BATCH))):
        slow = 2 if 0.4 * seconds < at < 0.5 * seconds else 1
        recorder.record(at, min(rows, BATCH), slow * chance.lognormvariate(3.4, 0.45) / 1000)
    return recorder.summary()


def main() -> None:
    """Print the outputs of a synthetic run."""
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    plan = synthetic_plan(workers, 600_000)
    outputs = {
        "runId": plan.run_id,
        "platform": "docker",
        "source": plan.source,
        "plan": plan.model_dump(mode="json"),
        "results": [result.model_dump(mode="json") for result in synthetic_results(plan)],
        "startSpreadMs": 1012.5,
        "serverSettings": SETTINGS,
        "succeeded": True,
    }
    json.dump(outputs, sys.stdout)


if __name__ == "__main__":
    main()
