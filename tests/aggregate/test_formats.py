import json
import re
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aggregate import totals
from aggregate.collect import Collected
from aggregate.registry import REPORT_FORMATS, report_renderer
from aggregate.render import formatting
from aggregate.render.text import report_table
from aggregate.report import Report
from core.plan import LoadPlan
from core.results import Environment, ExitReason, WorkerResult
from tests.aggregate import runs


def report(*results: WorkerResult, plan: LoadPlan | None = None, **known: Any) -> Report:
    return totals.report(Collected(tuple(results), plan or runs.plan(), **known))


EXPECTED_TABLE = """\
Load test small: populate postgresql on local, tables users, orders, products, 50,000 rows per table, seed 42
run run-1, 2026-03-01 10:00:00 UTC, server PostgreSQL 17.2

┌──────────┬──────────┬─────────┬──────────┬──────────┬────────┐
│ Worker   │ Tables   │ Rows    │ Duration │ Rows/sec │ Status │
├──────────┼──────────┼─────────┼──────────┼──────────┼────────┤
│ worker-1 │ users    │ 50,000  │ 5m 32s   │ 150.6    │ ok     │
│ worker-2 │ orders   │ 50,000  │ 4m 15s   │ 196.1    │ ok     │
│ worker-3 │ products │ 50,000  │ 6m 01s   │ 138.4    │ ok     │
├──────────┼──────────┼─────────┼──────────┼──────────┼────────┤
│ TOTAL    │ 3        │ 150,000 │ 6m 01s*  │ 485.1†   │ ok     │
└──────────┴──────────┴─────────┴──────────┴──────────┴────────┘
* Wall clock (parallel)  † Aggregate throughput: the sum of the workers' rates

Wall clock: 6m 01s from first start to last end of loading, 415.2 rows/sec
Workers at the same time: at most 3 of 3, 2.6 on average
Starts: loading began within 800ms
Limit: the server: the workers wait for it to take their batches (send and commit 90%, other 10%)
Memory: 120.5 MiB at most in one worker
"""


def test_table_matches_expected_text():
    fleet = report(
        *runs.three_workers(), stack="small", platform="local", source="postgresql", server="PostgreSQL 17.2"
    )
    assert report_table(fleet) == EXPECTED_TABLE


def test_table_of_unfinished_fleet_shows_missing_workers():
    text = report_table(
        report(
            runs.result(1, "users", 332),
            runs.failed(2, ExitReason.OOM_KILLED, "killed by the kernel at 512Mi", rows=20_000),
        )
    )
    assert "│ worker-2 │ users    │ 20,000 │ -        │ -        │ oom killed          │" in text
    assert "│ worker-3 │ products │ -      │ -        │ -        │ missing             │" in text
    assert "│ TOTAL    │ 2        │ 70,000 │ 5m 32s*  │ 150.6†   │ missing (1 of 3 ok) │" in text
    assert "† Aggregate throughput of 1 of 3 workers" in text
    assert "warning: worker-2: oom killed: killed by the kernel at 512Mi" in text
    assert "warning: worker-3: missing: left no result" in text


@pytest.mark.parametrize(
    ("reason", "error", "warning"),
    [
        (ExitReason.TIMED_OUT, "timed out: raise loadtest:timeout", "worker-1: timed out: raise loadtest:timeout"),
        (ExitReason.OOM_KILLED, "oom_killed: exit code 137", "worker-1: oom killed: exit code 137"),
        (ExitReason.FAILED, "failed: exit code -15, no result", "worker-1: failed: exit code -15, no result"),
        (ExitReason.KILLED, "its container was removed", "worker-1: killed: its container was removed"),
    ],
)
def test_warning_states_the_status_once(reason, error, warning):
    assert f"warning: {warning}\n" in report_table(report(runs.failed(1, reason, error)))


def test_footnote_of_workers_that_did_not_finish_says_so():
    text = report_table(report(*(runs.failed(n, ExitReason.KILLED, "killed: SIGKILL", rows=100) for n in (1, 2, 3))))
    assert "no sum of rates without workers that finished" in text


def test_workers_with_same_missing_limits_share_a_warning():
    loose = Environment(cpu_cores=2, memory_mb=9, tmpfs_enabled=False, not_enforced=("memory", "cpu"))
    fleet = report(*(runs.result(number, environment=loose) for number in range(1, 6)), plan=runs.plan(5))
    assert "worker-1, worker-2, worker-3 and 2 more: limits not enforced: memory, cpu" in fleet.warnings


def test_disabled_durability_is_a_warning():
    fast = report(runs.result(server_settings={"fsync": "off", "max_connections": "200"}), plan=runs.plan(1))
    assert any(line.startswith("durability was off (fsync=off)") for line in fast.warnings)
    safe = report(runs.result(rows=150_000, server_settings={"fsync": "on"}), plan=runs.plan(1))
    assert not safe.warnings


@pytest.mark.parametrize("name", sorted({*REPORT_FORMATS} - {"openmetrics"}))
def test_omitted_parts_are_named_in_readable_formats(name):
    short = [runs.result(number, timeline=(), omitted=("timeline", "histogram detail")) for number in (1, 2)]
    text = report_renderer(name)(report(*short, runs.result(3, "products"))).replace("\\-", "-")
    assert "worker-1, worker-2: the termination message had no room for timeline, histogram detail" in text


@pytest.mark.parametrize("name", sorted(REPORT_FORMATS))
@pytest.mark.parametrize("case", ["whole", "broken"])
def test_formats_have_the_same_totals(name, case):
    results = [
        each.model_copy(update={"latency_ms": runs.latency([3.3, 4, 61.7] * 400)}) for each in runs.three_workers()
    ]
    if case == "broken":
        results[1] = runs.failed(2, ExitReason.EVICTED, "the node ran short of memory", rows=12_345)
    fleet = report(*results)
    text = report_renderer(name)(fleet)
    for figure in figures(fleet):
        assert figure in numbers(name, text), figure


def figures(fleet: Report) -> list[str]:
    """Return the totals without separators."""
    latency = fleet.latency_ms
    assert latency is not None
    sums = fleet.totals
    rates = [sums.rows_per_second, sums.wall_clock_rows_per_second]
    latencies = [latency.p50, latency.p90, latency.p99, latency.p999, latency.max]
    return [str(sums.rows), *(f"{each:.1f}" for each in rates), *(f"{each:.2f}" for each in latencies)]


def numbers(name: str, text: str) -> set[str]:
    """Return the numbers in a text, without separators; in JSON, those of its totals and latency."""
    if name == "openmetrics":
        families = text_string_to_metric_families(text)
        values = [sample.value for family in families for sample in family.samples]
        return {shown for value in values for shown in (f"{value:.0f}", f"{value:.1f}", f"{value * 1000:.2f}")}
    if name != "json":
        return set(re.findall(r"\d+(?:\.\d+)?", text.replace(",", "")))
    content = json.loads(text)
    leaves = [*content["totals"].values(), *content["latency_ms"].values()]
    return {shown for leaf in leaves for shown in _shown(leaf)}


def _shown(leaf: object) -> list[str]:
    return [f"{leaf:.1f}", f"{leaf:.2f}"] if isinstance(leaf, float) else [str(leaf)]


def test_json_report_round_trips():
    fleet = report(*runs.three_workers())
    assert Report.model_validate_json(report_renderer("json")(fleet)) == fleet


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0ms"), (45, "45ms"), (812, "812ms"), (999.4, "999ms"), (999.5, "1.00s"), (2412, "2.41s"),
        (9994, "9.99s"), (9995, "10.0s"), (12_345, "12.3s"),
        (59_949, "59.9s"),
        (59_950, "1m 00s"), (332_000, "5m 32s"), (361_250, "6m 01s"), (3_723_000, "1h 02m 03s"), (None, "-"),
    ],
)  # fmt: skip
def test_durations_are_formatted_by_size(milliseconds, text):
    assert formatting.duration(milliseconds) == text


def test_long_list_of_tables_is_shortened():
    assert formatting.tables(tuple(f"table_{number}" for number in range(40))).endswith(" and 36 more")
    assert formatting.tables(("a" * 60,)) == "a" * 60
    assert formatting.tables(()) == "-"


def test_wide_characters_keep_borders_aligned():
    lines = report_table(report(runs.result(1, "注文", rows=150_000), plan=runs.plan(1))).splitlines()
    assert "│ worker-1 │ 注文   │ 150,000 │" in lines[6]


def test_markdown_escapes_markup_in_errors():
    crashed = runs.failed(1, ExitReason.FAILED, "relation `users`|<b>\n\x1b[31m does *not* exist")
    text = report_renderer("markdown")(report(crashed, plan=runs.plan(1)))
    assert r"relation \`users\`|\<b>\\n\\x1b[31m does \*not\* exist" in text
    assert "\x1b" not in text
