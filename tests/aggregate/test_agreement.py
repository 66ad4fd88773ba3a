"""Runs made at random: every format shows the same figures, and the figures fit together."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from html import unescape
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aggregate import totals
from aggregate.collect import Collected, from_text, outputs_of
from aggregate.phases import Phase
from aggregate.registry import report_renderer
from aggregate.render import formatting
from aggregate.render.heading import details, heading, title
from aggregate.report import Report, Status
from core.metrics import BATCHES_NEEDED, METRICS
from core.options import Operation
from core.results import ExitReason, FleetInstants, Instants, Latency, Metrics, Phases, WorkerResult
from tests.aggregate import runs

SKEWS = (0.0, 0.0, 0.0, 0.4, -3.0, 90.0)
DEATHS = [each for each in ExitReason if each is not ExitReason.COMPLETED]
PAGE_VERIFICATION = tuple(f"verification.{name}" for name in ("expected", "matched", "missing", "mismatched", "extra"))
_milliseconds = st.integers(0, 20_000)
_phase_time = st.floats(0, 20_000)


@cache
def latency(batches: int) -> Latency:
    """Return the latency of that many batches, which take from 1 to 40 ms."""
    return runs.latency([1 + place % 40 for place in range(batches)])


@st.composite
def results(draw: st.DrawFn, number: int, operation: Operation, planned: int) -> WorkerResult:
    """Return a worker that started, waited, loaded, verified and ended, or died on the way, by a clock of its own."""
    skew = draw(st.sampled_from(SKEWS))
    start, wait, load, verify, end = (draw(_milliseconds) for _ in range(5))
    attempt = draw(st.sampled_from((1, 1, 1, 2)))
    places = [1000, 1000 + start, 21_000, 21_000 + wait]
    loaded = places[-1] + (load if operation.populates else 0)
    verified = loaded + (verify if operation.verifies else 0)

    def at(place: float, ahead: float = skew) -> Any:
        return runs.START + timedelta(milliseconds=place, seconds=ahead)

    instants = {"started": at(places[0], 0), "connected": at(places[1]), "ready": at(places[1])}
    if operation.populates:
        instants |= {"load_started": at(places[3]), "load_ended": at(loaded)}
    if operation.verifies:
        instants |= {"verify_started": at(loaded), "verify_ended": at(verified)}
    instants["ended"] = at(verified + end, 0)
    died = draw(st.sampled_from((None, None, None, *DEATHS)))
    rows = planned if died is None else draw(st.integers(0, planned))
    if died is not None:
        instants.pop("verify_ended", None)
        instants.pop(draw(st.sampled_from(("load_ended", "ready"))), None)
    kept = draw(st.sampled_from(("all", "all", "none", "some")))
    if kept != "all":
        instants = {name: value for name, value in instants.items() if kept == "some" and draw(st.booleans())}
    took = load if operation.populates else verify
    batches = draw(st.sampled_from((0, 3, 9, 60, 250, 1000)))
    wrong = draw(st.integers(0, 2)) if operation.verifies and died is None else 0
    return runs.result(
        number,
        rows=rows,
        operation=operation,
        attempt=attempt,
        started_at=at(places[0]),
        completed_at=at(verified + end) if died is None or draw(st.booleans()) else None,
        success=died is None and not wrong,
        exit_reason=died or ExitReason.COMPLETED,
        exit_code=0 if died is None else 137,
        errors=(f"{died}: it ended",) if died else (),
        metrics=Metrics(
            rows_processed=rows,
            duration_ms=took,
            batch_count=batches,
            rows_per_second=rows / took * 1000 if took else 0.0,
            bytes_written=rows * 50,
        ),
        latency_ms=latency(batches) if batches else None,
        verification_report=runs.verified(missing=wrong, expected=planned) if operation.verifies and not died else None,
        phases=Phases(**{name: draw(_phase_time) for name in Phases.model_fields}),
        instants=Instants(**instants),
    )


@st.composite
def collected(draw: st.DrawFn) -> Collected:
    """Return a run of one to five workers, some of which may have left no result."""
    operation = draw(st.sampled_from(Operation))
    plan = runs.plan(draw(st.integers(1, 5)), tables=("users",), rows=draw(st.integers(5, 90_000)), operation=operation)
    left = [worker for worker in plan.workers if draw(st.sampled_from((True, True, True, False)))]
    found = [draw(results(int(worker.id.removeprefix("worker-")), operation, worker.rows)) for worker in left]
    places = {"begun": 0, "prepared": 900, "opened": 21_000, "ended": 120_000}
    known = draw(st.sampled_from((places, places, {}, {"begun": 0})))
    instants = FleetInstants(**{name: runs.START + timedelta(milliseconds=place) for name, place in known.items()})
    return Collected(
        tuple(found),
        plan,
        stack="small",
        platform="local",
        server="PostgreSQL 17.2",
        execution_id="run-2",
        instants=instants,
    )


@settings(max_examples=80, deadline=None)
@given(collected())
def test_figures_of_any_run_fit_together(run):
    report = totals.report(run)
    sums, lines = report.totals, report.workers
    assert sums.rows == sum(line.rows for line in lines)
    for line in lines:
        if line.rows_per_second is not None:
            assert line.duration_ms
            assert close(line.rows_per_second * line.duration_ms / 1000, line.rows, line.duration_ms)
    if sums.wall_clock_ms:
        assert sums.wall_clock_rows_per_second is not None
        assert close(sums.wall_clock_rows_per_second * sums.wall_clock_ms / 1000, sums.rows, sums.wall_clock_ms)
        assert sums.wall_clock_ms >= max(line.duration_ms or 0 for line in lines)
    check_timeline(report)
    check_shares(report)
    if sums.rows_per_second is not None:
        rated = [line.rows_per_second or 0.0 for line in lines if line.is_rated]
        assert abs(sums.rows_per_second - sum(rated)) <= 0.06 * (len(rated) + 1)
    assert sums.failed_workers + sums.finished_workers == sums.workers == len(lines)
    assert (formatting.total_status(sums) == "ok") == all(line.status in (Status.OK, Status.RETRIED) for line in lines)
    assert (report.exit_code == 0) == (formatting.total_status(sums) == "ok")


def close(found: float, expected: float, milliseconds: float) -> bool:
    """Return whether a product of a rate, rounded to a tenth, and a time is a number of rows."""
    return abs(found - expected) <= 0.05 * milliseconds / 1000 + 1e-6 * expected


def check_timeline(report: Report) -> None:
    """Check that phases have no gaps, so that their times add up, and that loading takes the wall clock."""
    timeline, sums = report.timeline, report.totals
    if timeline is None:
        return
    assert sum(span.duration_ms for span in timeline.spans) == sums.run_ms
    for spans in (timeline.spans, *(worker.spans for worker in timeline.workers)):
        assert all(before.to_ms == after.from_ms for before, after in pairwise(spans))
        assert all(span.from_ms < span.to_ms for span in spans)
    work = [worker.work for worker in timeline.workers if worker.work]
    if work and report.operation == Operation.POPULATE:
        (load,) = [span for span in timeline.spans if span.phase is Phase.LOAD]
        assert load.duration_ms == sums.wall_clock_ms
    if timeline.concurrency:
        assert timeline.concurrency[-1].workers == 0
        assert 1 <= max(each.workers for each in timeline.concurrency) == (sums.peak_concurrency or 0) <= len(work)
    if len(timeline.spans) > 1:
        whole, *terms = map(float, re.findall(r"([\d.]+) s", formatting.run_phases(timeline).replace(",", "")))
        assert abs(sum(terms) - whole) < 1e-6


def check_shares(report: Report) -> None:
    """Check that the shares are parts of one whole."""
    found = report.limited_by
    if found is None:
        return
    shares = (found.server, found.generation, found.connecting, found.verification, found.other)
    assert min(shares) >= 0
    assert abs(sum(shares) - 1) < 1e-9
    assert sum(int(share.removesuffix("%")) for _, share in formatting.shares(found)) == 100


@settings(max_examples=15, deadline=None)
@given(collected())
def test_formats_of_any_run_agree(run):
    report = totals.report(run)
    texts = {name: report_renderer(name)(report) for name in ("table", "markdown", "html", "json", "openmetrics")}
    assert Report.model_validate_json(texts["json"]) == report
    shown = [*formatting.footnotes(report.totals).split("  "), *report.warnings]
    shown += [*formatting.total_row(report.totals), *(cell for line in report.workers for cell in formatting.row(line))]
    for name, facts in (
        ("table", formatting.facts(report)),
        ("markdown", formatting.facts(report)),
        ("html", page_facts(report)),
    ):
        plain = unescape(texts[name]).replace("\\", "")
        assert [text for text in (*facts, *shown) if text not in plain] == [], name
    for line in heading(report):
        assert line in texts["table"]
        assert line in texts["markdown"].replace("\\", "")
    assert all(text in unescape(texts["html"]) for text in (title(report), *details(report)))
    check_openmetrics(report, texts["openmetrics"])
    assert totals.report(from_text(json.dumps(outputs_of(run)).encode())).totals == report.totals


def page_facts(report: Report) -> list[str]:
    """Return the facts as the page shows them: some as figures, and two under a heading in place of their first word."""
    facts = formatting.named_facts(report)
    found = [facts.pop(name).partition(": ")[2] for name in ("run", "limit") if name in facts]
    figures = ("wall_clock_ms", "wall_clock_rows_per_second", "latency_ms.p99", *PAGE_VERIFICATION)
    found += [formatting.figure(METRICS[name], report) for name in figures if METRICS[name].read(report) is not None]
    return [*found, *(text for name, text in facts.items() if name not in ("wall clock", "latency", "verification"))]


def check_openmetrics(report: Report, text: str) -> None:
    """Check that each metric has the report's value, and one that was not measured no sample."""
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels: Mapping[str, str] = sample.labels
            own = [value for name, value in labels.items() if name not in ("stack", "platform", "source")]
            found[sample.name, "".join(own)] = sample.value
    for metric in METRICS.values():
        if metric.gauge is not None:
            value = metric.read(report)
            expected = None if value is None else metric.in_base_units(value)
            assert found.get((f"loadtest_{metric.family}", metric.gauge.value)) == expected, metric.name


@given(st.integers(1, 3000))
@settings(max_examples=12, deadline=None)
def test_percentiles_are_those_that_batches_carry(batches):
    report = totals.report(Collected((runs.result(latency_ms=latency(batches)),)))
    assert report.latency_ms is not None
    for name, needed in BATCHES_NEEDED.items():
        assert (getattr(report.latency_ms, name) is None) == (batches < needed)
        assert (f"{name.replace('999', '99.9')} " in formatting.latency(report.latency_ms)) == (batches >= needed)
