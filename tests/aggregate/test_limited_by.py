from typing import Any

import pytest

from aggregate.render import formatting
from aggregate.report import Limit
from aggregate.totals import limited_by
from core.results import Environment, ExitReason, Phases, WorkerResult
from tests.aggregate import runs


def worker(number: int = 1, *, seconds: float = 10, throttled_ms: float | None = None, **phases: float) -> WorkerResult:
    environment = Environment(cpu_cores=1, memory_mb=1, tmpfs_enabled=False, throttled_ms=throttled_ms)
    return runs.result(number, seconds=seconds, environment=environment, phases=Phases(**phases))


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
    found = limited_by([worker(**phases)])
    assert found is not None
    assert found.limit is limit


def test_limit_weighs_workers_by_duration():
    found = limited_by([worker(1, seconds=30, send=27_000), worker(2, seconds=10, generate=10_000)])
    assert found is not None
    assert (found.limit, found.server, found.generation) == (Limit.SERVER, 0.675, 0.25)
    assert formatting.limit(found).endswith("(send and commit 68%, generate and encode 25%)")


def test_limit_ignores_workers_without_duration():
    assert limited_by([runs.failed(1, ExitReason.KILLED, "killed")]) is None
    assert limited_by([]) is None
