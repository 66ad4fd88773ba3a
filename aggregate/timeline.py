"""The timeline of a run, from which every duration, rate and number of workers at once is computed.

Every worker has a clock of its own. The fleet's clock counts: a worker's instants that contradict it are shifted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

from aggregate.phases import Concurrency, Phase, Span, Timeline, WorkerTimeline
from core.options import Operation
from core.results import FleetInstants, Instants, WorkerResult

SKEW = timedelta(seconds=1)
"""Clocks that differ by less are taken as equal: a worker needs some time to see that the gate has opened."""
TOGETHER = 0.5
"""Workers ran together if all of them worked at once for at least this share of the shortest worker's time."""
_NO_TIME = timedelta()


@dataclass(frozen=True, slots=True)
class _Worker:
    """A worker's instants on the fleet's clock, with those that follow from older fields of its result."""

    result: WorkerResult
    instants: Instants
    offset: timedelta

    @property
    def ends(self) -> list[tuple[Phase, datetime]]:
        """The phases with the instant at which each ended; the first instant is where the worker's time begins."""
        at = self.instants
        ends = (
            (Phase.CREATE, at.created),
            (Phase.CREATE, at.started),
            (Phase.START, at.ready or at.connected),
            (Phase.WAIT, at.load_started or at.verify_started),
            (Phase.LOAD, at.load_ended),
            (Phase.VERIFY, at.verify_ended),
            (Phase.END, at.ended),
        )
        return [(phase, instant) for phase, instant in ends if instant is not None]


def timeline_of(results: Sequence[WorkerResult], fleet: FleetInstants | None = None) -> Timeline | None:
    """Return the timeline of a run; None if no instant of it is known.

    A result without instants, which an older worker wrote, has those that follow from its start, duration and end.
    """
    fleet = fleet or FleetInstants()
    workers = [_worker(result, fleet) for result in results]
    known = [instant for worker in workers for _, instant in worker.ends]
    known += [instant for instant in (fleet.begun, fleet.prepared, fleet.opened, fleet.ended) if instant is not None]
    if not known:
        return None
    origin = min(known)
    own = tuple(
        WorkerTimeline(
            worker_id=worker.result.worker_id,
            attempt=worker.result.attempt,
            spans=_spans([(phase, _milliseconds(instant - origin)) for phase, instant in worker.ends]),
            clock_offset_ms=_milliseconds(worker.offset),
        )
        for worker in workers
    )
    return Timeline(
        origin=origin.astimezone(UTC),
        spans=_spans(_fleet_ends(origin, fleet, own)),
        workers=own,
        concurrency=tuple(_concurrency(own)),
    )


def work_spans(timeline: Timeline | None) -> Mapping[str, Span]:
    """Return per worker the span that its duration and rate cover: loading, or comparing if it only verifies."""
    spans = {worker.worker_id: worker.work for worker in timeline.workers} if timeline else {}
    return {worker: span for worker, span in spans.items() if span is not None}


def ran_together(spans: Iterable[Span]) -> bool:
    """Return whether workers overlapped so far that the sum of their rates is a rate of the fleet."""
    known = list(spans)
    if not known:
        return False
    return common_ms(known) >= TOGETHER * min(span.duration_ms for span in known)


def common_ms(spans: Sequence[Span]) -> float:
    """Return how long all spans lasted at the same time."""
    return max(min(span.to_ms for span in spans) - max(span.from_ms for span in spans), 0)


def _worker(result: WorkerResult, fleet: FleetInstants) -> _Worker:
    instants = _completed(result)
    offset = _clock_offset(result, instants, fleet)
    if offset:
        own = ("ready", "connected", "load_started", "load_ended", "verify_started", "verify_ended")
        # The platform reports the other instants, by a clock that is closer to the fleet's.
        moved = {name: at - offset for name in own if (at := getattr(instants, name)) is not None}
        instants = instants.model_copy(update=moved)
    return _Worker(result, instants, offset)


def _clock_offset(result: WorkerResult, at: Instants, fleet: FleetInstants) -> timedelta:
    """Return by how much a worker's clock is ahead, if its instants contradict the instant at which the gate opened.

    A worker that waited was ready before that instant, and loads after it. A restarted worker does not wait.
    """
    begun = at.load_started or at.verify_started
    if result.attempt > 1 or fleet.opened is None or at.ready is None or begun is None:
        return _NO_TIME
    contradicts = begun < fleet.opened - SKEW or at.ready > fleet.opened + SKEW
    return begun - fleet.opened if contradicts else _NO_TIME


def _completed(result: WorkerResult) -> Instants:
    """Return a result's instants. Those that it lacks follow from its start, duration and end, as far as possible."""
    at, duration = result.instants, timedelta(milliseconds=result.metrics.duration_ms)
    known: dict[str, datetime | None] = {"ended": at.ended or result.completed_at}
    if at.load_started is not None:
        known["load_ended"] = at.load_ended or known["ended"] or at.load_started + duration
    elif result.operation is not Operation.VERIFY and result.started_at is not None and duration:
        known["load_started"] = at.load_ended - duration if at.load_ended else result.started_at
        known["load_ended"] = loaded = at.load_ended or result.started_at + duration
        if at.verify_started is None and result.verification_report is not None:
            known |= {"verify_started": loaded, "verify_ended": at.verify_ended or result.completed_at}
    elif at.verify_started is None and result.operation is Operation.VERIFY and result.started_at and duration:
        known |= {"verify_started": result.started_at, "verify_ended": at.verify_ended or result.started_at + duration}
    if at.verify_started is not None:
        known["verify_ended"] = at.verify_ended or known["ended"]
    return at.model_copy(update=known)


def _fleet_ends(origin: datetime, fleet: FleetInstants, workers: Sequence[WorkerTimeline]) -> list[tuple[Phase, int]]:
    """Return the phases of the fleet with the place at which each ended: where the last worker had ended it."""
    begun = min((worker.work.from_ms for worker in workers if worker.work), default=None)
    prepared = _place(origin, fleet.prepared)
    ends = (
        (Phase.PREPARE, 0),
        (Phase.PREPARE, prepared if begun is None or (prepared or 0) <= begun else None),
        (Phase.START, begun if begun is not None else _place(origin, fleet.opened)),
        (Phase.LOAD, _last(_end(worker, Phase.LOAD) for worker in workers)),
        (Phase.VERIFY, _last(_end(worker, Phase.VERIFY) for worker in workers)),
        (
            Phase.END,
            _last([_place(origin, fleet.ended), *(worker.spans[-1].to_ms for worker in workers if worker.spans)]),
        ),
    )
    return [(phase, place) for phase, place in ends if place is not None]


def _spans(ends: Sequence[tuple[Phase, int]]) -> tuple[Span, ...]:
    """Return contiguous spans: each begins where the one before it ends, so that their durations add up."""
    places = list(accumulate((place for _, place in ends), max))
    return tuple(
        Span(phase=phase, from_ms=start, to_ms=end)
        for (start, end), (phase, _) in zip(pairwise(places), ends[1:], strict=True)
        if end > start
    )


def _concurrency(workers: Iterable[WorkerTimeline]) -> list[Concurrency]:
    """Return the number of workers at work, at each instant at which it changes."""
    changes: dict[int, int] = {}
    for span in (worker.work for worker in workers):
        if span is not None:
            changes[span.from_ms] = changes.get(span.from_ms, 0) + 1
            changes[span.to_ms] = changes.get(span.to_ms, 0) - 1
    places = sorted(place for place, change in changes.items() if change)
    counts = accumulate(changes[place] for place in places)
    return [Concurrency(at_ms=place, workers=count) for place, count in zip(places, counts, strict=True)]


def _milliseconds(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))


def _place(origin: datetime, instant: datetime | None) -> int | None:
    return None if instant is None else _milliseconds(instant - origin)


def _last(places: Iterable[int | None]) -> int | None:
    return max((place for place in places if place is not None), default=None)


def _end(worker: WorkerTimeline, phase: Phase) -> int | None:
    span = worker.span(phase)
    return None if span is None else span.to_ms
