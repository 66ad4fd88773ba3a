"""Test data: plans, results and stack outputs in the form in which worker and fleet write them."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hdrh.histogram import HdrHistogram

from core.options import Operation
from core.plan import Limits, LoadPlan, partition
from core.results import (
    Environment,
    ExitReason,
    Latency,
    Metrics,
    Phases,
    TableVerification,
    VerificationReport,
    WorkerResult,
)
from core.schema.generators import Sequential
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind

START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
RUN = "run-1"
TABLES = ("users", "orders", "products")


def plan(workers: int = 3, *, tables: Sequence[str] = TABLES, rows: int = 50_000, **changes: Any) -> LoadPlan:
    """Return a plan of `rows` rows per table."""
    key = Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential())
    schema = Schema(tables=tuple(Table(name=name, primary_key="id", columns=(key,)) for name in tables))
    fields: dict[str, Any] = {
        "run_id": RUN,
        "source": "postgresql",
        "method": "bulk",
        "batch_size": 500,
        "seed": 42,
        "row_count": rows,
        "limits": Limits(cpu=0.5, memory=512 << 20, tmpfs=256 << 20),
        "data": schema,
        "workers": partition(schema, tables, rows, workers, 42),
    }
    return LoadPlan(**{**fields, **changes})


def histogram(milliseconds: Iterable[float]) -> str:
    """Return latencies in the encoding that a worker uses."""
    recorded = HdrHistogram(1, 3_600_000_000, 3)
    for each in milliseconds:
        recorded.record_value(round(each * 1000))
    encoded: bytes = recorded.encode()
    return encoded.decode()


def latency(milliseconds: Sequence[float], batch_size: int = 500) -> Latency:
    """Return a worker's latency with its histogram."""
    ordered = sorted(milliseconds)
    middle = ordered[len(ordered) // 2]
    return Latency(
        p50=middle,
        p90=ordered[-1],
        p99=ordered[-1],
        p999=ordered[-1],
        max=ordered[-1],
        batch_size=batch_size,
        histogram=histogram(milliseconds),
    )


def result(
    number: int = 1, table: str = "users", seconds: float = 332, rows: int = 50_000, *, delay: float = 0, **changes: Any
) -> WorkerResult:
    """Return the result of a worker that loaded `rows` rows in `seconds`, started `delay` seconds after the first."""
    start = START + timedelta(seconds=delay)
    fields: dict[str, Any] = {
        "worker_id": f"worker-{number}",
        "hostname": f"loadtest-worker-{number}",
        "run_id": RUN,
        "started_at": start,
        "completed_at": start + timedelta(seconds=seconds),
        "success": True,
        "environment": Environment(cpu_cores=2, memory_mb=512, tmpfs_enabled=True, tmpfs_size_mb=256),
        "tables_processed": (table,),
        "operation": Operation.POPULATE,
        "metrics": Metrics(
            rows_processed=rows,
            duration_ms=round(seconds * 1000),
            batch_count=rows // 500,
            rows_per_second=rows / seconds,
            bytes_written=rows * 50,
        ),
        "exit_reason": ExitReason.COMPLETED,
        "exit_code": 0,
        "phases": Phases(connect=12, generate=100, encode=80, send=seconds * 900, commit=60),
        "peak_memory_mb": 120.5,
        "timeline": (rows // 4,) * 4,
    }
    return WorkerResult(**{**fields, **changes})


def failed(number: int, reason: ExitReason, error: str, *, rows: int = 0, **changes: Any) -> WorkerResult:
    """Return the result that the fleet writes for a worker that was killed: without duration and end."""
    metrics = Metrics(rows_processed=rows)
    fields: dict[str, Any] = {
        "success": False,
        "exit_reason": reason,
        "exit_code": 137,
        "errors": (error,),
        "metrics": metrics,
        "completed_at": None,
        "environment": None,
        "peak_memory_mb": None,
        "timeline": (),
        "phases": Phases(),
    }
    return result(number, **{**fields, **changes})


def three_workers() -> list[WorkerResult]:
    """Return the results of three workers that load a table each."""
    return [result(1, "users", 332), result(2, "orders", 255, delay=0.8), result(3, "products", 361.25)]


def verified(*, missing: int = 0, mismatched: int = 0, extra: int = 0, expected: int = 50_000) -> VerificationReport:
    """Return a comparison of one table, `users`."""
    matched = expected - missing - mismatched
    found = expected - missing + extra
    table = TableVerification(
        table="users",
        expected=expected,
        found=found,
        missing=missing,
        mismatched=mismatched,
        matched=matched,
        extra=extra,
    )
    return VerificationReport(
        tables=(table,),
        total_expected=expected,
        total_found=found,
        total_missing=missing,
        total_mismatched=mismatched,
        total_matched=matched,
        total_extra=extra,
    )


def outputs(results: Sequence[WorkerResult], run_plan: LoadPlan | None = None, **changes: Any) -> dict[str, Any]:
    """Return a stack's outputs in the form that `pulumi stack output --json` prints."""
    return {
        "results": [json.loads(each.model_dump_json()) for each in results],
        "plan": json.loads((run_plan or plan()).model_dump_json()),
        "runId": RUN,
        "platform": "docker",
        "source": "postgresql",
        "endpoint": "postgresql://database:5432/loadtest",
        "connectionString": "[secret]",
        "succeeded": all(each.success for each in results),
        "startSpreadMs": 812.0,
        **changes,
    }
