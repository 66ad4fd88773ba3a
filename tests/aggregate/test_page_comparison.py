"""The page of a comparison: verdict first, both sides in each chart, no error in a browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.comparison import Change, Comparison, compare
from aggregate.render.page.comparison import change_bars, render
from aggregate.render.text import as_json
from aggregate.report import Report
from bench.synthetic_results import synthetic_plan, synthetic_results
from tests.aggregate.browser import Session, chromium

SCREENSHOTS = Path(__file__).resolve().parents[2] / "artefacts" / "page"


def report(seed: int, name: str, *, seconds: float = 0) -> Report:
    plan = synthetic_plan(2, 60_000)
    results = [
        result.model_copy(
            update={
                "metrics": result.metrics.model_copy(
                    update={"duration_ms": result.metrics.duration_ms + round(seconds * 1000)}
                )
            }
        )
        for result in synthetic_results(plan, seed)
    ]
    return totals.report(Collected(tuple(results), plan, stack="medium", platform="docker", execution_id=name))


def slower() -> Comparison:
    base, head = [report(1, "a1"), report(2, "a2")], [report(1, "b1", seconds=20), report(2, "<b2>", seconds=22)]
    return compare(base, head, 0.05)


def chart_data(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    return {chart["id"]: chart for chart in json.loads(found[1])["charts"]}


def test_page_has_verdict_before_changes():
    text = render(slower())
    verdict = text.index('<p class="verdict bad">regression beyond 5%: rows_per_second')
    assert verdict < text.index('<section id="changes">')
    assert "no regression beyond 5%" in render(compare([report(1, "a")], [report(1, "b")], 0.05))


def test_charts_have_every_run_of_both_sides():
    data = chart_data(render(slower()))
    labels = ["base a1", "base a2", "head b1", "head <b2>"]
    assert [each["label"] for each in data["throughput"]["series"]] == labels
    assert [each["label"] for each in data["latency"]["series"]] == labels
    for each in data["latency"]["series"]:
        assert sum(each["values"]) == pytest.approx(100, abs=1)


def test_throughput_of_a_run_has_all_of_its_rows():
    chart = chart_data(render(slower()))["throughput"]
    for each in chart["series"]:
        assert sum(each["values"][:-1]) * chart["step"] == pytest.approx(120_000, rel=0.02)


def test_runs_of_one_kind_are_described_once():
    text = render(slower())
    assert text.count("Load test medium: populate postgresql on docker") == 1
    assert "&lt;b2&gt;" in text


def test_change_bar_shows_direction_and_interval():
    changes = (
        Change(name="rows_per_second", base=100, head=80, change=-0.2, low=-0.3, high=-0.1),
        Change(name="latency_ms.p99", base=10, head=8, change=-0.2),
        Change(name="throttled_ms", base=1, head=9, change=8.0),
        Change(name="peak_memory_mb", base=1, head=1, change=0.0),
    )
    found = {each.name: each for each in change_bars(changes)}
    assert [each.kind for each in found.values()] == ["worse", "better", "worse", "same"]
    assert (found["rows_per_second"].left, found["rows_per_second"].width) == ("30.00%", "20.00%")
    assert found["rows_per_second"].line == ("20.00%", "40.00%")
    assert found["rows_per_second"].text.endswith(": 100 to 80, -20.0%, 95% interval -30.0% to -10.0%")
    assert (found["throttled_ms"].left, found["throttled_ms"].width) == ("50.00%", "50.00%")


def test_json_form_does_not_contain_the_reports():
    assert "base_reports" not in json.loads(as_json(slower()))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        yield session


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True)], ids=["desk", "phone"])
def test_comparison_renders_without_errors_and_requests(browser, tmp_path, width, dark):
    file = tmp_path / "comparison.html"
    file.write_text(render(slower()), encoding="utf-8")
    page = browser.new_page()
    page.open(file.as_uri(), width=width, dark=dark)
    page.screenshot(SCREENSHOTS / f"comparison-{width}.png")
    assert page.evaluate("[...document.querySelectorAll('section')].map(each => each.id)") == [
        "changes", "scale", "throughput", "latency",
    ]  # fmt: skip
    assert page.evaluate("document.querySelectorAll('.plot canvas').length") == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.messages == []
    assert page.requests == [file.as_uri()]
