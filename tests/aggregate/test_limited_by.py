from datetime import timedelta
from typing import Any

import pytest

from aggregate.limits import apportion, limited_by
from aggregate.render import formatting
from aggregate.report import Limit, LimitedBy
from aggregate.timeline import timeline_of
from core.options import Operation
from core.results import Environment, ExitReason, Phases, WorkerResult
from tests.aggregate import runs


def worker(number: int = 1, *, seconds: float = 10, throttled_ms: float | None = None, **phases: float) -> WorkerResult:
    environment = Environment(cpu_cores=1, memory_mb=1, tmpfs_enabled=False, throttled_ms=throttled_ms)
    return runs.result(number, seconds=seconds, environment=environment, phases=Phases(**phases))


def found(*results: WorkerResult, source: str = "postgresql") -> LimitedBy | None:
    return limited_by(results, timeline_of(results), source)


@pytest.mark.parametrize(
    ("phases", "limit"),
    [
        ({"send": 3000, "commit": 2000}, Limit.SERVER),
        ({"send": 3000, "commit": 1999}, Limit.NOTHING),
        ({"generate": 2000, "encode": 4000, "send": 3000}, Limit.GENERATION),
        ({"generate": 2000, "encode": 4000, "send": 7000}, Limit.SERVER),
        ({"connect": 6000, "send": 1000}, Limit.CONNECTING),
        ({"verify": 6000, "send": 1000}, Limit.VERIFICATION),
        ({"send": 9000, "throttled_ms": 1000}, Limit.WORKER_CPU),
        ({"send": 9000, "throttled_ms": 999}, Limit.SERVER),
    ],
)
def test_limit_is_phase_with_largest_share(phases: dict[str, Any], limit: Limit):
    limits = found(worker(**phases))
    assert limits is not None
    assert limits.limit is limit


def test_limit_weighs_workers_by_duration():
    limits = found(worker(1, seconds=30, send=27_000), worker(2, seconds=10, generate=10_000))
    assert limits is not None
    assert (limits.limit, limits.server, limits.generation, limits.other) == (Limit.SERVER, 0.675, 0.25, 0.075)
    assert formatting.limit(limits).endswith("(send and commit 68%, wait for rows 25%, other 7%)")


def test_limit_of_files_is_not_a_server():
    limits = found(worker(send=9000), source="csv")
    assert limits is not None
    assert limits.limit is Limit.FILES
    assert formatting.limit(limits).startswith("writing the files")


def test_limit_shares_include_time_of_verification():
    loaded = worker(send=9000, verify=21_000, seconds=10)
    both = loaded.model_copy(
        update={
            "operation": Operation.POPULATE_AND_VERIFY,
            "completed_at": runs.START + timedelta(seconds=31),
            "verification_report": runs.verified(),
        }
    )
    limits = found(both)
    assert limits is not None
    assert (limits.server, limits.verification, limits.other) == (0.29, 0.678, 0.032)


def test_measured_wait_counts_as_generation():
    limits = found(worker(generate=9000, send=2000, wait=7000))
    assert limits is not None
    assert (limits.limit, limits.generation, limits.other) == (Limit.GENERATION, 0.7, 0.1)


def test_limit_ignores_workers_without_duration():
    assert found(runs.failed(1, ExitReason.KILLED, "killed")) is None
    assert found() is None


def test_apportioned_units_add_up():
    assert apportion([1 / 3, 1 / 3, 1 / 3], 100) == [34, 33, 33]
    assert apportion([0.005, 0.995], 100) == [1, 99]
