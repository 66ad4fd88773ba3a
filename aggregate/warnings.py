"""What a reader must know before believing a figure, one line each, the same in every format."""

from collections.abc import Iterable, Mapping, Sequence

from aggregate.report import Status, WorkerLine

_NAMED = 3
"""How many workers a line names before it counts the others."""

_DURABILITY_OFF: Mapping[str, frozenset[str]] = {
    # PostgreSQL
    "fsync": frozenset({"off"}),
    "full_page_writes": frozenset({"off"}),
    "synchronous_commit": frozenset({"off"}),
    # MySQL
    "innodb_flush_log_at_trx_commit": frozenset({"0", "2"}),
    "innodb_doublewrite": frozenset({"OFF"}),
    "innodb_redo_log": frozenset({"OFF"}),
    # MongoDB
    "storage.journal.enabled": frozenset({"false"}),
    "journal": frozenset({"false", "off"}),
    "writeConcernMajorityJournalDefault": frozenset({"false"}),
}
"""Settings, and the values of each with which a crash of the server can lose acknowledged rows."""


def of(lines: Sequence[WorkerLine], settings: Mapping[str, str], *, planned: bool) -> list[str]:
    """The warnings of a run: workers first, then what they ran on, then what the report cannot know."""
    return [
        *_workers(lines),
        *_retries(lines),
        *_limits(lines),
        *_histograms(lines),
        *_omitted(lines),
        *durability(settings),
        *([] if planned else ["no plan beside the results: a worker that left none cannot be missed"]),
    ]


def durability(settings: Mapping[str, str]) -> list[str]:
    """That the server ran with durability off, by the settings it reported; nothing when it did not."""
    off = [f"{name}={value}" for name, value in settings.items() if value in _DURABILITY_OFF.get(name, ())]
    if not off:
        return []
    return [f"durability was off ({', '.join(off)}): a crash of the server may lose rows, and a durable one is slower"]


def named(workers: Sequence[str]) -> str:
    """`worker-1, worker-2`; of many, the first ones and the number of the others."""
    more = len(workers) - _NAMED
    return ", ".join(workers[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _workers(lines: Iterable[WorkerLine]) -> list[str]:
    """A line for each reason, so that a thousand workers that lost one server are one line."""
    alike: dict[tuple[Status, str], list[str]] = {}
    for line in lines:
        if not line.status.finished:
            alike.setdefault((line.status, line.reason), []).append(line.worker_id)
    return [f"{named(workers)}: {_words(status)}: {reason}" for (status, reason), workers in alike.items()]


def _words(status: Status) -> str:
    return status.value.replace("_", " ")


def _retries(lines: Iterable[WorkerLine]) -> list[str]:
    retried = [line.worker_id for line in lines if line.attempt > 1]
    if not retried:
        return []
    return [f"{named(retried)}: started again after a failure; the rate is not added to the fleet's"]


def _limits(lines: Iterable[WorkerLine]) -> list[str]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        environment = line.result.environment if line.result else None
        if environment is not None and environment.not_enforced:
            alike.setdefault(environment.not_enforced, []).append(line.worker_id)
    return [f"{named(workers)}: limits not enforced: {', '.join(limits)}" for limits, workers in alike.items()]


def _histograms(lines: Sequence[WorkerLine]) -> list[str]:
    """Percentiles of a part of the fleet say so; a fleet without any says it by having none."""
    results = [line.result for line in lines if line.result is not None]
    without = [each.worker_id for each in results if each.latency_ms is None or not each.latency_ms.histogram]
    if not without or len(without) == len(results):
        return []
    return [f"{named(without)}: no latency histogram; the percentiles are those of the other workers"]


def _omitted(lines: Iterable[WorkerLine]) -> list[str]:
    """Results that came by a way without room for all of them; what went with them is in no plot and no list here."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        if line.result is not None and line.result.omitted:
            alike.setdefault(line.result.omitted, []).append(line.worker_id)
    return [
        f"{named(workers)}: the result came without {', '.join(parts)}, for want of room in a termination message; "
        "what this report shows of them is of the other workers, or coarser"
        for parts, workers in alike.items()
    ]
