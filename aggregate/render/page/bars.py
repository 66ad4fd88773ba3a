"""Horizontal bars of the page: the phases of run and workers over time, and the time of each worker by step.

Positions are shares of the whole width in percent, so the bars fit every width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aggregate.phases import Phase, Span, Timeline
from aggregate.render import formatting
from aggregate.report import Report, WorkerLine
from core.results import Phases

STEPS = ("connect", "wait", "send", "commit", "verify")
"""The steps of a worker that follow each other. Generating and encoding run at the same time as sending."""
_TICKS = 5
_STEPS_MS = (
    *(factor * power for power in (1, 10, 100, 1_000) for factor in (1, 2, 5)),
    *(
        1_000 * seconds
        for seconds in (10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 18_000, 36_000, 86_400)
    ),
)
_LONG_MS, _HOUR_MS = 120_000, 3_600_000


@dataclass(frozen=True)
class Part:
    """One coloured part of a bar. `kind` names its colour; `text` is shown when the reader points at it."""

    kind: str
    left: str
    width: str
    text: str


@dataclass(frozen=True)
class Mark:
    """The place at which a worker died."""

    left: str
    text: str


@dataclass(frozen=True)
class Bar:
    """One line: a name and its parts."""

    name: str
    parts: tuple[Part, ...]
    mark: Mark | None = None


@dataclass(frozen=True)
class Bars:
    """All lines of a chart, with the colours in use and the axis."""

    kinds: tuple[str, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[str, str], ...]


def gantt(report: Report) -> Bars | None:
    """Return the phases of the run and of each worker over time, or None without a timeline."""
    timeline = report.timeline
    if timeline is None or not timeline.spans:
        return None
    whole = _whole(timeline)
    lines = {line.worker_id: line for line in report.workers}
    bars = [Bar("run", tuple(_parts("run", timeline.spans, whole)))]
    for worker in timeline.workers:
        name, line = formatting.cell(worker.worker_id), lines.get(worker.worker_id)
        parts = tuple(_parts(name, worker.spans, whole))
        if parts:
            bars.append(Bar(name, parts, _death(line, worker.spans, whole) if line else None))
    used = {part.kind for bar in bars for part in bar.parts}
    return Bars(tuple(phase for phase in Phase if phase in used), tuple(bars), _ticks(whole))


def steps(report: Report) -> Bars | None:
    """Return the time of each worker by step, or None if no worker recorded it."""
    measured = [
        (line.worker_id, line.result.phases)
        for line in report.workers
        if line.result is not None and line.result.phases != Phases()
    ]
    whole = max((sum(_steps_of(phases).values()) for _, phases in measured), default=0)
    if not whole:
        return None
    bars: list[Bar] = []
    for worker, phases in measured:
        name, left, parts = formatting.cell(worker), 0.0, []
        for step, duration in _steps_of(phases).items():
            if duration:
                text = f"{name}, {step}: {formatting.duration(duration)}"
                parts.append(Part(step, _percent(left, whole), _percent(duration, whole), text))
            left += duration
        bars.append(Bar(name, tuple(parts)))
    used = {part.kind for bar in bars for part in bar.parts}
    return Bars(tuple(step for step in STEPS if step in used), tuple(bars), _ticks(whole))


def overlapped(report: Report) -> str:
    """Return how long workers generated and encoded rows on average, which overlaps their sending."""
    phases = [line.result.phases for line in report.workers if line.result and line.result.phases != Phases()]
    if not phases:
        return ""
    generate, encode = (sum(getattr(each, name) for each in phases) / len(phases) for name in ("generate", "encode"))
    times = f"generating took {formatting.duration(generate)} and encoding {formatting.duration(encode)} per worker"
    return f"At the same time as sending, {times}."


def deaths(report: Report) -> list[tuple[int, str]]:
    """Return the instants in milliseconds at which workers ended without finishing, each with worker and status."""
    spans = {worker.worker_id: worker.spans for worker in report.timeline.workers} if report.timeline else {}
    return [
        (spans[line.worker_id][-1].to_ms, f"{formatting.cell(line.worker_id)} {line.status.text}")
        for line in report.workers
        if not line.status.finished and spans.get(line.worker_id)
    ]


def _steps_of(phases: Phases) -> dict[str, float]:
    return {step: getattr(phases, step) for step in STEPS}


def _whole(timeline: Timeline) -> int:
    return max(1, *(spans[-1].to_ms for spans in (timeline.spans, *(each.spans for each in timeline.workers)) if spans))


def _parts(name: str, spans: Sequence[Span], whole: int) -> Iterator[Part]:
    for span in spans:
        times = f"{formatting.duration(span.from_ms)} to {formatting.duration(span.to_ms)}"
        text = f"{name}, {span.phase}: {formatting.duration(span.duration_ms)} ({times})"
        yield Part(span.phase, _percent(span.from_ms, whole), _percent(span.duration_ms, whole), text)


def _death(line: WorkerLine, spans: Sequence[Span], whole: int) -> Mark | None:
    if line.status.finished:
        return None
    at = spans[-1].to_ms
    reason = f": {line.detail}" if line.detail else ""
    text = f"{formatting.cell(line.worker_id)}, {line.status.text} after {formatting.duration(at)}{reason}"
    return Mark(_percent(at, whole), text)


def _ticks(whole: float) -> tuple[tuple[str, str], ...]:
    """Return about five round times in milliseconds with their places."""
    step = next((step for step in _STEPS_MS if step >= whole / _TICKS), _STEPS_MS[-1])
    return tuple((_percent(at * step, whole), _time(at * step, whole)) for at in range(int(whole / step) + 1))


def _time(milliseconds: float, whole: float) -> str:
    """Return a time in the unit that suits the whole axis."""
    if whole <= _LONG_MS:
        return f"{milliseconds / 1000:g} s"
    hours, minutes, seconds = (
        int(milliseconds / 3_600_000),
        int(milliseconds / 60_000) % 60,
        int(milliseconds / 1000) % 60,
    )
    return f"{hours}:{minutes:02}:{seconds:02}" if whole > _HOUR_MS else f"{minutes}:{seconds:02} min"


def _percent(value: float, whole: float) -> str:
    return f"{100 * value / whole:.3f}%"
