"""What holds a run back, from where its workers' time went."""

from collections.abc import Sequence

from aggregate.report import Limit, LimitedBy
from core.results import WorkerResult

THROTTLED = 0.10
"""From this share on, the workers' CPU quota is the first thing to look at: every other phase waits for it."""
PREVAILING = 0.50
"""From this share on, a phase is what the run waits for."""


def of(results: Sequence[WorkerResult]) -> LimitedBy | None:
    """The verdict over all workers that have a duration; None when there is none."""
    timed = [result for result in results if result.metrics.duration_ms > 0]
    total = sum(result.metrics.duration_ms for result in timed)
    if not total:
        return None
    phases = [result.phases for result in timed]
    environments = [result.environment for result in timed if result.environment is not None]
    shares = {
        Limit.SERVER: sum(each.send + each.commit for each in phases) / total,
        Limit.GENERATION: sum(each.generate + each.encode for each in phases) / total,
        Limit.CONNECTING: sum(each.connect for each in phases) / total,
        Limit.VERIFICATION: sum(each.verify for each in phases) / total,
    }
    throttled = sum(each.throttled_ms or 0.0 for each in environments) / total
    return LimitedBy(
        limit=_limit(throttled, shares),
        throttled=round(throttled, 3),
        server=round(shares[Limit.SERVER], 3),
        generation=round(shares[Limit.GENERATION], 3),
        connecting=round(shares[Limit.CONNECTING], 3),
        verification=round(shares[Limit.VERIFICATION], 3),
    )


def _limit(throttled: float, shares: dict[Limit, float]) -> Limit:
    if throttled >= THROTTLED:
        return Limit.WORKER_CPU
    largest = max(shares, key=lambda limit: shares[limit])
    return largest if shares[largest] >= PREVAILING else Limit.NOTHING
