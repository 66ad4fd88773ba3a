from datetime import datetime, timedelta

import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.phases import Phase, Span, Timeline
from aggregate.render import formatting
from aggregate.timeline import ran_together, timeline_of
from core.options import Operation
from core.results import ExitReason, FleetInstants, Instants, WorkerResult
from tests.aggregate import runs


def at(seconds: float) -> datetime:
    return runs.START + timedelta(seconds=seconds)


FLEET = FleetInstants(begun=at(0), prepared=at(1), workers_started=at(1), all_ready=at(3), opened=at(3), ended=at(16))


def worker(number: int = 1, *, ahead: float = 0, **changes: float) -> WorkerResult:
    """Return a worker that loads from second 3.1 to 11 and verifies to 15, by a clock that is `ahead`."""
    own = {
        "connected": 2.4,
        "ready": 2.5,
        "load_started": 3.1,
        "load_ended": 11,
        "verify_started": 11,
        "verify_ended": 15,
    }
    platform = {"created": 1.2, "started": 1.5, "ended": 15.5}
    instants = {name: at(second + ahead) for name, second in {**own, **changes}.items()}
    instants |= {name: at(second) for name, second in platform.items()}
    return runs.result(number, operation=Operation.POPULATE_AND_VERIFY, instants=Instants(**instants))


def timeline(*results: WorkerResult, fleet: FleetInstants = FLEET) -> Timeline:
    found = timeline_of(results, fleet)
    assert found is not None
    return found


def spans(found: tuple[Span, ...]) -> dict[str, tuple[int, int]]:
    return {span.phase.value: (span.from_ms, span.to_ms) for span in found}


def test_worker_has_contiguous_phases():
    (own,) = timeline(worker()).workers
    assert spans(own.spans) == {
        "create": (1200, 1500),
        "start": (1500, 2500),
        "wait": (2500, 3100),
        "load": (3100, 11_000),
        "verify": (11_000, 15_000),
        "end": (15_000, 15_500),
    }
    assert own.work == Span(phase=Phase.LOAD, from_ms=3100, to_ms=11_000)


def test_phase_of_fleet_ends_with_its_last_worker():
    fleet = timeline(worker(1), worker(2, load_ended=9, verify_started=9, verify_ended=14))
    assert spans(fleet.spans) == {
        "prepare": (0, 1000),
        "start": (1000, 3100),
        "load": (3100, 11_000),
        "verify": (11_000, 15_000),
        "end": (15_000, 16_000),
    }
    assert fleet.duration_ms == 16_000


def test_concurrency_counts_workers_at_each_change():
    fleet = timeline(worker(1), worker(2, load_started=4, load_ended=8), worker(3, load_started=8))
    assert [(each.at_ms, each.workers) for each in fleet.concurrency] == [(3100, 1), (4000, 2), (11_000, 0)]


@pytest.mark.parametrize("ahead", [-3600, -5, 5, 3600])
def test_clock_that_contradicts_the_gate_is_corrected(ahead):
    fleet = timeline(worker(1), worker(2, ahead=ahead))
    # The worker is taken to load as soon as the gate opens; it did so 0.1 s later.
    assert fleet.workers[1].clock_offset_ms == (ahead + 0.1) * 1000
    assert fleet.workers[1].work == Span(phase=Phase.LOAD, from_ms=3000, to_ms=10_900)
    assert fleet.duration_ms == 16_000


def test_corrected_clock_is_a_warning():
    results = (worker(1), worker(2, ahead=7), worker(3, ahead=-60))
    report = totals.report(Collected(results, instants=FLEET))
    assert "worker-2, worker-3: clock up to 59.9 s behind this machine's; the times are corrected" in report.warnings
    assert report.totals.wall_clock_ms == 8000


def test_small_difference_of_clocks_is_kept():
    fleet = timeline(worker(1, ahead=0.5))
    assert fleet.workers[0].clock_offset_ms == 0


def test_older_result_has_load_then_verification():
    old = runs.result(
        seconds=10,
        operation=Operation.POPULATE_AND_VERIFY,
        completed_at=at(14),
        verification_report=runs.verified(),
    )
    found = timeline(old, fleet=FleetInstants())
    assert spans(found.workers[0].spans) == {"load": (0, 10_000), "verify": (10_000, 14_000)}
    assert formatting.run_phases(found) == "14.0 s = load 10.0 s + verify 4.0 s"


def test_worker_that_only_verifies_has_work():
    (own,) = timeline(runs.result(seconds=4, operation=Operation.VERIFY), fleet=FleetInstants()).workers
    assert own.work == Span(phase=Phase.VERIFY, from_ms=0, to_ms=4000)


def test_load_phase_of_killed_worker_lasts_until_its_end():
    instants = Instants(started=at(1), ready=at(2), load_started=at(3), ended=at(7))
    killed = runs.failed(1, ExitReason.KILLED, "killed", instants=instants)
    assert spans(timeline(killed).workers[0].spans) == {
        "start": (1000, 2000),
        "wait": (2000, 3000),
        "load": (3000, 7000),
    }


def test_run_without_instants_has_no_timeline():
    assert timeline_of([runs.failed(1, ExitReason.KILLED, "killed", started_at=None)]) is None
    assert timeline_of([]) is None


@pytest.mark.parametrize(
    ("intervals", "together"),
    [([(0, 10)], True), ([(0, 10), (4, 9)], True), ([(0, 10), (9, 19)], False), ([(0, 1), (0, 99)], True), ([], False)],
)
def test_workers_are_together_for_half_of_the_shortest(intervals, together):
    spans = [Span(phase=Phase.LOAD, from_ms=start, to_ms=end) for start, end in intervals]
    assert ran_together(spans) is together


def test_phases_of_run_add_up_when_rounded():
    third = [
        Span(phase=phase, from_ms=place, to_ms=place + 3333) for place, phase in ((0, Phase.LOAD), (3333, Phase.VERIFY))
    ]
    found = Timeline(origin=runs.START, spans=(*third, Span(phase=Phase.END, from_ms=6666, to_ms=10_000)))
    assert formatting.run_phases(found) == "10.0 s = load 3.3 s + verify 3.3 s + end 3.4 s"
