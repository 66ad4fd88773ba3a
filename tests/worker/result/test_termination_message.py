"""Termination messages: any result fits, and `omitted` lists the missing parts."""

import json
import random
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram

from core.errors import StorageError
from core.results import Difference, LatencyTimeline, ShardResult, WorkerResult
from tests.aggregate import runs
from worker.result.writer import termination_message, write_result

RANDOM = random.Random(7)
MANY_LATENCIES = [RANDOM.lognormvariate(3, 2) for _ in range(5_000)]


def parsed(text: str) -> WorkerResult:
    assert len(text.encode()) <= 4096
    return WorkerResult.model_validate_json(text)


def test_small_result_is_unchanged():
    result = runs.result(timeline=tuple(range(10)), latency_ms=runs.latency([1, 2, 3]))
    assert parsed(termination_message(result)) == result


def test_latency_timeline_is_left_out_before_timeline():
    latencies = LatencyTimeline.of(100, [1] * 120, [{80: 1_000, 81: 2_000, 90: 3_000}] * 120)
    result = runs.result(timeline=tuple(range(10)), latency_timeline=latencies)
    short = parsed(termination_message(result))
    assert short == result.model_copy(update={"latency_timeline": None, "omitted": ("latency timeline",)})


def test_timeline_is_left_out_before_histogram():
    result = runs.result(timeline=tuple(range(10_000, 13_000)), latency_ms=runs.latency([1, 2, 3]))
    short = parsed(termination_message(result))
    assert short == result.model_copy(update={"timeline": (), "omitted": ("timeline",)})


def test_histogram_loses_digits_before_it_is_left_out():
    result = runs.result(timeline=(), latency_ms=runs.latency(MANY_LATENCIES))
    short = parsed(termination_message(result))
    assert short.omitted == ("histogram detail",)
    assert short.latency_ms is not None
    assert short.latency_ms.histogram is not None
    assert short.latency_ms.p50 == result.latency_ms.p50  # type: ignore[union-attr]
    coarse = HdrHistogram.decode(short.latency_ms.histogram)
    assert coarse.get_total_count() == len(MANY_LATENCIES)
    assert coarse.get_value_at_percentile(50) / 1000 == pytest.approx(sorted(MANY_LATENCIES)[2_500], rel=0.1)


def test_largest_result_fits_the_limit():
    difference = Difference(key="k" * 100, column="c", expected="e" * 500, found="f" * 500)
    verified = runs.verified(missing=1)
    tables = tuple(
        table.model_copy(update={"table": f"{table.table}-{number}" * 9, "differences": (difference,) * 20})
        for number in range(200)
        for table in verified.tables
    )
    result = runs.result(
        timeline=tuple(range(5_000)),
        latency_ms=runs.latency(MANY_LATENCIES),
        tables_processed=tuple(f"table-{number}" * 9 for number in range(200)),
        shards=tuple(ShardResult(table="t" * 200, first_row=0, rows=1, rows_processed=1) for _ in range(200)),
        errors=tuple("é" * 400 for _ in range(50)),
        server_settings={f"setting-{number}": "on" * 90 for number in range(200)},
        verification_report=verified.model_copy(update={"tables": tables}),
    )
    short = parsed(termination_message(result))
    assert short.metrics == result.metrics
    assert short.errors[0] == "é" * 200
    assert short.verification_report is not None
    assert short.verification_report.total_missing == verified.total_missing
    assert {"timeline", "histogram detail", "histogram"} < set(short.omitted)


def test_message_is_written_to_file_of_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "termination-log"
    place.write_text("")
    monkeypatch.setenv("LOADTEST_TERMINATION_LOG", str(place))
    result = runs.result(timeline=tuple(range(5_000)))
    lines: list[str] = []
    write_result(result, tmp_path / "worker-1.json", lines.append)
    assert parsed(place.read_text()).omitted == ("timeline",)
    assert (
        json.loads(lines[0]) == json.loads((tmp_path / "worker-1.json").read_text()) == result.model_dump(mode="json")
    )


def test_unwritable_message_raises_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOADTEST_TERMINATION_LOG", str(tmp_path / "absent" / "log"))
    with pytest.raises(StorageError, match=r"absent/log: the result could not be written .*; it is in the log"):
        write_result(runs.result(), tmp_path / "worker-1.json", lambda _: None)
