import pytest

from core.errors import SettingsError
from core.thresholds import parse_threshold, parse_thresholds


@pytest.mark.parametrize(
    ("text", "metric", "holding", "failing"),
    [
        ("rows_per_second >= 50000", "rows_per_second", 50_000, 49_999.9),
        ("rows_per_second>50_000", "rows_per_second", 50_000.1, 50_000),
        ("latency_ms.p99 < 40", "latency_ms.p99", 39.99, 40),
        ("latency_ms.p999<=4e1", "latency_ms.p999", 40, 40.01),
        (" failed_workers == 0 ", "failed_workers", 0, 1),
        ("verification.missing != 3", "verification.missing", 0, 3),
        ("start_spread_ms < 0.5", "start_spread_ms", 0.4, 0.5),
    ],
)
def test_threshold_compares_value_with_bound(text, metric, holding, failing):
    threshold = parse_threshold(text)
    assert threshold.metric.name == metric
    assert threshold.text == text.strip()
    assert threshold.holds(holding)
    assert not threshold.holds(failing)


@pytest.mark.parametrize(
    "text",
    ["", "rows_per_second", "rows_per_second >=", ">= 5", "rows_per_second => 5", "rows >= five", "rows >= 5 rows", "a b < 1",
     "rows == nan", "rows < _5", "rows_per_second >= 5; rows > 1"],
)  # fmt: skip
def test_threshold_rejects_wrong_form(text):
    with pytest.raises(SettingsError) as refused:
        parse_threshold(text)
    assert str(refused.value).startswith(f"loadtest:thresholds: {text!r} is not a threshold")
    assert "'rows_per_second >= 50000'" in str(refused.value)


def test_unknown_metric_suggests_nearest():
    with pytest.raises(SettingsError, match=r"names 'latency\.p99', which is not a metric; use .*latency_ms\.p99"):
        parse_threshold("latency.p99 < 40")
    with pytest.raises(SettingsError, match="use one of rows, rows_per_second, "):
        parse_threshold("xyzzy < 40")


def test_first_invalid_threshold_is_named_with_key():
    assert len(parse_thresholds(["rows > 1", "rows < 9"])) == 2
    with pytest.raises(SettingsError, match=r"^--threshold: 'rows'"):
        parse_thresholds(["rows > 1", "rows", "bad"], "--threshold")
