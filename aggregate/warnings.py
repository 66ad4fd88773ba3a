"""Warnings of a run: what a reader must know before trusting a figure. One line each, the same in every format."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from aggregate.phases import Timeline
from aggregate.report import Status, WorkerLine
from aggregate.timeline import common_ms, ran_together, work_spans
from core.stores import SOURCES
from core.text import listed

_NAMED = 3
"""How many workers a line names before it counts the others."""

_Key = TypeVar("_Key", bound=Hashable)


def run_warnings(
    lines: Sequence[WorkerLine], settings: Mapping[str, str], timeline: Timeline | None, *, planned: bool
) -> list[str]:
    """Return the warnings of a run: about workers, then their limits and results, then the server."""
    return [
        *_unfinished(lines),
        *_retries(lines),
        *_apart(lines, timeline),
        *_clocks(timeline),
        *_limits(lines),
        *_histograms(lines),
        *_omitted(lines),
        *durability(settings),
        *([] if planned else ["no plan with the results: a missing worker cannot be detected"]),
    ]


def durability(settings: Mapping[str, str]) -> list[str]:
    """Return a warning if the server settings turn durability off."""
    volatile = {name: values for store in SOURCES.values() for name, values in store.volatile_settings.items()}
    off = [f"{name}={value}" for name, value in settings.items() if value in volatile.get(name, ())]
    if not off:
        return []
    return [f"durability was off ({', '.join(off)}): a server crash may lose rows, and a durable server is slower"]


def worker_names(workers: Sequence[str]) -> str:
    """Return `worker-1, worker-2`; of many workers the first ones and the number of the others."""
    return listed(workers, _NAMED)


def _grouped(lines: Iterable[WorkerLine], key: Callable[[WorkerLine], _Key | None]) -> Iterable[tuple[str, _Key]]:
    """Group workers by a key, so that a thousand workers with one problem are one line. None leaves a worker out."""
    groups: dict[_Key, list[str]] = {}
    for line in lines:
        if (found := key(line)) is not None:
            groups.setdefault(found, []).append(line.worker_id)
    return ((worker_names(workers), found) for found, workers in groups.items())


def _unfinished(lines: Iterable[WorkerLine]) -> list[str]:
    def problem(line: WorkerLine) -> tuple[Status, str] | None:
        return None if line.status.finished else (line.status, line.detail)

    return [f"{workers}: {status.text}: {reason}" for workers, (status, reason) in _grouped(lines, problem)]


def _retries(lines: Iterable[WorkerLine]) -> list[str]:
    retried = [line.worker_id for line in lines if line.attempt > 1]
    if not retried:
        return []
    return [f"{worker_names(retried)}: restarted after a failure; not included in the fleet's rows/sec"]


def _apart(lines: Sequence[WorkerLine], timeline: Timeline | None) -> list[str]:
    """Return a warning if the workers did not load at the same time."""
    work = work_spans(timeline)
    spans = [work[line.worker_id] for line in lines if line.is_rated and line.worker_id in work]
    if timeline is None or not spans or ran_together(spans):
        return []
    reached = f"all {len(spans):,} worked at the same time for {common_ms(spans) / 1000:.1f} s"
    return [f"workers did not run together: {reached}; their rates are not added, because no fleet reached their sum"]


def _clocks(timeline: Timeline | None) -> list[str]:
    """Return a warning for workers whose clock differs from that of the machine that ran the fleet."""
    shifted = [each for each in timeline.workers if each.clock_offset_ms] if timeline else []
    if not shifted:
        return []
    most = max(shifted, key=lambda each: abs(each.clock_offset_ms)).clock_offset_ms
    names = worker_names([each.worker_id for each in shifted])
    direction = "ahead of" if most > 0 else "behind"
    return [f"{names}: clock up to {abs(most) / 1000:.1f} s {direction} this machine's; the times are corrected"]


def _limits(lines: Iterable[WorkerLine]) -> list[str]:
    def limits(line: WorkerLine) -> tuple[str, ...] | None:
        environment = line.result.environment if line.result else None
        return (environment.not_enforced or None) if environment else None

    return [f"{workers}: limits not enforced: {', '.join(found)}" for workers, found in _grouped(lines, limits)]


def _histograms(lines: Sequence[WorkerLine]) -> list[str]:
    """Return a warning if the percentiles cover a part of the fleet only."""
    results = [line.result for line in lines if line.result is not None]
    without = [each.worker_id for each in results if each.latency_ms is None or not each.latency_ms.histogram]
    if not without or len(without) == len(results):
        return []
    return [f"{worker_names(without)}: no latency histogram; the percentiles cover the other workers only"]


def _omitted(lines: Iterable[WorkerLine]) -> list[str]:
    def omitted(line: WorkerLine) -> tuple[str, ...] | None:
        return (line.result.omitted or None) if line.result else None

    return [
        f"{workers}: the termination message had no room for {', '.join(parts)}; "
        "these parts of the report cover the other workers only or are coarser"
        for workers, parts in _grouped(lines, omitted)
    ]
