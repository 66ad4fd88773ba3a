import pytest

from core.errors import SettingsError
from core.thresholds import Metric, parse_threshold, parse_thresholds


@pytest.mark.parametrize(
    ("text", "metric", "holding", "failing"),
    [
        ("rows_per_second >= 50000", Metric.ROWS_PER_SECOND, 50_000, 49_999.9),
        ("rows_per_second>50_000", Metric.ROWS_PER_SECOND, 50_000.1, 50_000),
        ("latency_ms.p99 < 40", Metric.LATENCY_P99, 39.99, 40),
        ("latency_ms.p999<=4e1", Metric.LATENCY_P999, 40, 40.01),
        (" failed_workers == 0 ", Metric.FAILED_WORKERS, 0, 1),
        ("verification.missing != 3", Metric.VERIFICATION_MISSING, 0, 3),
        ("start_spread_ms < 0.5", Metric.START_SPREAD_MS, 0.4, 0.5),
    ],
)
def test_a_threshold_holds_up_to_its_bound(text, metric, holding, failing):
    threshold = parse_threshold(text)
    assert threshold.metric is metric
    assert threshold.text == text.strip()
    assert threshold.holds(holding)
    assert not threshold.holds(failing)


@pytest.mark.parametrize(
    "text",
    ["", "rows_per_second", "rows_per_second >=", ">= 5", "rows_per_second => 5", "rows >= five", "rows >= 5 rows", "a b < 1",
     "rows == nan", "rows < _5", "rows_per_second >= 5; rows > 1"],
)  # fmt: skip
def test_what_is_no_threshold_is_named_with_an_example(text):
    with pytest.raises(SettingsError) as refused:
        parse_threshold(text)
    assert str(refused.value).startswith(f"loadtest:thresholds: {text!r} is no threshold")
    assert "'rows_per_second >= 50000'" in str(refused.value)


def test_an_unknown_metric_is_answered_with_the_nearest():
    with pytest.raises(SettingsError, match=r"names 'latency\.p99', which is no metric; write .*latency_ms\.p99"):
        parse_threshold("latency.p99 < 40")
    with pytest.raises(SettingsError, match="write one of rows, rows_per_second, "):
        parse_threshold("xyzzy < 40")


def test_the_first_of_several_that_is_none_is_named_with_its_key():
    assert len(parse_thresholds(["rows > 1", "rows < 9"])) == 2
    with pytest.raises(SettingsError, match=r"^--threshold: 'rows'"):
        parse_thresholds(["rows > 1", "rows", "bad"], "--threshold")
