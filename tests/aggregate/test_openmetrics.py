from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render import openmetrics
from aggregate.report import Report
from core.results import ExitReason
from core.thresholds import parse_thresholds
from tests.aggregate import runs


def samples(report: Report) -> list[Sample]:
    families = text_string_to_metric_families(openmetrics.render(report))
    return [sample for family in families for sample in family.samples]


def whole() -> Report:
    results = [
        each.model_copy(
            update={"latency_ms": runs.latency([3.3, 61.7] * 50), "verification_report": runs.verified(missing=2)}
        )
        for each in runs.three_workers()
    ]
    results[2] = runs.failed(3, ExitReason.FAILED, 'a "quoted" reason')
    bounds = parse_thresholds(["rows > 5", "latency_ms.p99 < 4"])
    return totals.report(Collected(tuple(results), runs.plan(), stack="small", platform="docker"), bounds)


def test_samples_are_in_base_units_and_equal_the_report():
    report = whole()
    values = {(sample.name, *sorted(sample.labels.items())): sample.value for sample in samples(report)}
    where = (("platform", "docker"), ("source", "postgresql"), ("stack", "small"))
    assert values["loadtest_rows", *where] == report.totals.rows == 100_000
    assert values["loadtest_wall_clock_seconds", *where] == 332
    assert values["loadtest_worker_peak_memory_bytes", *where] == 120.5 * 1024 * 1024
    assert values["loadtest_rows_per_second", ("kind", "sum_of_workers"), *where] == report.totals.rows_per_second
    assert values["loadtest_run_phase_seconds", ("phase", "load"), *where] == 332
    assert report.latency_ms is not None
    latency = values["loadtest_batch_latency_seconds", where[0], ("quantile", "0.99"), *where[1:]]
    assert latency * 1000 == report.latency_ms.p99
    assert values["loadtest_threshold_held", *where, ("threshold", "latency_ms.p99 < 4")] == 0
    assert values["loadtest_workers", *where[:2], where[2], ("state", "failed")] == 1
    verified = ("outcome", "missing"), where[0], where[1], where[2], ("table", "users")
    assert values["loadtest_verified_rows", *verified] == 4


def test_number_of_samples_does_not_depend_on_fleet_size():
    many = [runs.result(number, rows=150) for number in range(1, 1001)]
    fleet = totals.report(Collected(tuple(many), runs.plan(1000)))
    few = totals.report(Collected(tuple(many[:2]), runs.plan(2, rows=100)))
    assert len(samples(fleet)) == len(samples(few))
    assert {name for sample in samples(fleet) for name in sample.labels} <= {
        "platform", "source", "stack", "state", "kind", "quantile", "size", "phase", "run", "operation", "seed", "started",
    }  # fmt: skip
    assert [sample.name for sample in samples(fleet) if "run" in sample.labels] == ["loadtest_run_info"]


def test_text_ends_with_eof():
    assert openmetrics.render(whole()).endswith("# EOF\n")
