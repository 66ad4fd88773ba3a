"""The model of a run's timeline: the phases of the fleet and of each worker, on one clock."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Phase(StrEnum):
    """A phase of a worker or of the fleet.

    CREATE: until the process started. START: until the worker was connected and ready. WAIT: until all were ready.
    """

    PREPARE = "prepare"
    CREATE = "create"
    START = "start"
    WAIT = "wait"
    LOAD = "load"
    VERIFY = "verify"
    END = "end"


class Span(_Part):
    """The time of one phase, in milliseconds after the timeline's origin."""

    phase: Phase
    from_ms: int
    to_ms: int

    @property
    def duration_ms(self) -> int:
        """The time that the phase took."""
        return self.to_ms - self.from_ms


class WorkerTimeline(_Part):
    """The phases of a worker's last attempt, without gaps. `clock_offset_ms` is what its clock was ahead, already removed."""

    worker_id: str
    attempt: int = 1
    spans: tuple[Span, ...] = ()
    clock_offset_ms: int = 0

    @property
    def work(self) -> Span | None:
        """The span that the worker's duration and rate cover: loading, or comparing if it only verifies."""
        return self.span(Phase.LOAD) or self.span(Phase.VERIFY)

    def span(self, phase: Phase) -> Span | None:
        """Return the span of a phase; None if it is unknown or took no time."""
        return next((span for span in self.spans if span.phase is phase), None)


class Concurrency(_Part):
    """The number of workers that load (or compare, if the run only verifies) from `at_ms` to the next change."""

    at_ms: int
    workers: int


class Timeline(_Part):
    """The phases of the fleet, of which each ends when its last worker ended it, and of each worker, on one clock.

    The spans of the fleet have no gaps, so their durations add up to `duration_ms`, the time of the whole run.
    """

    origin: AwareDatetime
    spans: tuple[Span, ...] = ()
    workers: tuple[WorkerTimeline, ...] = ()
    concurrency: tuple[Concurrency, ...] = ()

    @property
    def duration_ms(self) -> int:
        """The time of the whole run, as far as it is known."""
        return self.spans[-1].to_ms - self.spans[0].from_ms if self.spans else 0
