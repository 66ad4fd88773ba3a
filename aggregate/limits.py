"""Find what limits a run, from the shares of the time in which its workers connected, loaded and compared."""

from collections.abc import Iterable, Sequence

from aggregate.phases import Phase, Timeline, WorkerTimeline
from aggregate.report import Limit, LimitedBy
from core.results import WorkerResult
from core.stores import SOURCES

THROTTLED = 0.10
"""If workers were throttled for at least this share of the time, the CPU quota limits the run."""
PREVAILING = 0.50
"""If a phase took at least this share of the time, it limits the run."""
_ORDER = (Limit.CONNECTING, Limit.SERVER, Limit.VERIFICATION, Limit.GENERATION)
"""The phases in the order in which they are measured. Generation comes last, because it can overlap the others."""
_UNITS = 1000
"""Shares are rounded to thousandths."""


def limited_by(results: Iterable[WorkerResult], timeline: Timeline | None, source: str | None) -> LimitedBy | None:
    """Return what limits the run, as shares of the time of all workers together; None if no worker has a duration."""
    own = {worker.worker_id: worker for worker in timeline.workers} if timeline else {}
    timed = [(each, _parts(each, own[each.worker_id])) for each in results if each.worker_id in own]
    sums = [sum(parts[place] for _, parts in timed) for place in range(len(_ORDER) + 1)]
    time = sum(sums)
    if not time:
        return None
    throttled = sum(each.environment.throttled_ms or 0.0 for each, _ in timed if each.environment is not None) / time
    rounded = [units / _UNITS for units in apportion([part / time for part in sums], _UNITS)]
    connecting, server, verification, generation, other = rounded
    shares = {limit: part / time for limit, part in zip(_ORDER, sums, strict=False)}
    return LimitedBy(
        limit=_limit(throttled, shares, source),
        throttled=round(throttled, 3),
        server=server,
        generation=generation,
        connecting=connecting,
        verification=verification,
        other=other,
    )


def apportion(shares: Sequence[float], units: int) -> list[int]:
    """Distribute units over shares of one whole, so that they add up: shares that rounding would cut most are rounded up."""
    exact = [share * units for share in shares]
    whole = [int(each) for each in exact]
    by_loss = sorted(range(len(shares)), key=lambda place: whole[place] - exact[place])
    for place in by_loss[: units - sum(whole)]:
        whole[place] += 1
    return whole


def _parts(result: WorkerResult, own: WorkerTimeline) -> list[float]:
    """Return the milliseconds of each phase in the order of `_ORDER`, then the rest of the worker's time.

    An older worker's time of generating includes what overlapped sending, so only the time that nothing else explains counts.
    """
    phases = result.phases
    # The span of loading of an older worker begins when it connects.
    connects_apart = result.instants.load_started or result.instants.verify_started
    left = phases.connect if connects_apart else 0.0
    left += sum(span.duration_ms for span in (own.span(Phase.LOAD), own.span(Phase.VERIFY)) if span is not None)
    measured = (
        phases.connect,
        phases.send + phases.commit,
        phases.verify,
        phases.wait or phases.generate + phases.encode,
    )
    parts: list[float] = []
    for part in measured:
        parts.append(min(part, left))
        left -= parts[-1]
    return [*parts, left]


def _limit(throttled: float, shares: dict[Limit, float], source: str | None) -> Limit:
    if throttled >= THROTTLED:
        return Limit.WORKER_CPU
    largest = max(shares, key=lambda limit: shares[limit])
    if shares[largest] < PREVAILING:
        return Limit.NOTHING
    writes_files = source in SOURCES and not SOURCES[source].needs_server
    return Limit.FILES if largest is Limit.SERVER and writes_files else largest
