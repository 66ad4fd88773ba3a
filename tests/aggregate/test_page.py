"""The page in a real browser: no errors, no requests, legible at every width and colour scheme."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render.page import html
from aggregate.report import Report
from bench.synthetic_results import synthetic_plan, synthetic_results
from core.results import Difference, ExitReason
from core.thresholds import parse_thresholds
from tests.aggregate import runs
from tests.aggregate.browser import Page, Session, chromium

SCREENSHOTS = Path(__file__).resolve().parents[2] / "artefacts" / "page"
SECTIONS = ["thresholds", "verification", "limit", "warnings", "workers", "throughput", "latency", "phases", "errors",
            "environment", "settings", "plan"]  # fmt: skip
pytestmark = pytest.mark.browser
SCHEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


def full() -> Report:
    """Return a report that fills every section of the page."""
    plan = synthetic_plan(4, 60_000)
    results = synthetic_results(plan)
    wrong = runs.verified(mismatched=1)
    table = wrong.tables[0].model_copy(
        update={"differences": (Difference(key="7", column="name", expected="Ada", found="<b>Eve</b>"),)}
    )
    report = wrong.model_copy(update={"tables": (table,)})
    results[1] = results[1].model_copy(update={"verification_report": report})
    results[3] = runs.failed(4, ExitReason.OOM_KILLED, "<script>alert(1)</script> & more", rows=9, run_id=plan.run_id)
    bounds = parse_thresholds(["rows_per_second >= 5", "latency_ms.p99 < 1"])
    return totals.report(Collected(tuple(results), plan, stack="medium", platform="docker"), bounds)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        yield session


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(html.render(full()), encoding="utf-8")
    return file


@pytest.fixture
def page(browser: Session) -> Page:
    return browser.new_page()


@SCHEMES
@pytest.mark.parametrize("width", [1000, 390], ids=["desk", "phone"])
def test_page_renders_without_errors_and_requests(page, file, width, dark):
    page.open(file.as_uri(), width=width, dark=dark)
    page.screenshot(SCREENSHOTS / f"{width}-{'dark' if dark else 'light'}.png")
    assert page.evaluate("[...document.querySelectorAll('section')].map(each => each.id)") == SECTIONS
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate("[...document.querySelectorAll('svg')].map(each => each.getBoundingClientRect().height)")
    assert len(sizes) == 3
    assert min(sizes) > 80
    assert page.messages == []
    assert page.requests == [file.as_uri()]


CONTRASTS = """
(() => {
  const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = colour => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const opaque = colour => !/, 0\\)$/.test(colour) && colour !== 'transparent';
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (opaque(colour)) return colour;
    }
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((left, right) => left - right);
    return (high + 0.05) / (low + 0.05);
  };
  return [...document.querySelectorAll('h1, h2, p, li, dt, dd, th, td, figcaption, svg text')].map(element => {
    const style = getComputedStyle(element);
    return ratio(element.closest('svg') ? style.fill : style.color, behind(element));
  });
})()
"""


@SCHEMES
def test_every_text_has_enough_contrast(page, file, dark):
    """Level AA of the Web Content Accessibility Guidelines asks for 4.5 to 1."""
    page.open(file.as_uri(), dark=dark)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert min(contrasts) >= 4.5


def test_printed_page_is_white(page, file):
    page.open(file.as_uri(), dark=True)
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.print().startswith(b"%PDF")


def test_text_of_run_is_not_markup(page, file):
    page.open(file.as_uri())
    assert page.evaluate("document.scripts.length + document.querySelectorAll('b').length") == 0
    assert "<script>alert(1)</script> & more" in page.evaluate("document.querySelector('#errors').innerText")
    assert "found <b>Eve</b>" in page.evaluate("document.querySelector('#verification').innerText")


def test_names_in_plots_are_not_markup():
    results = [runs.result(1, rows=150_000).model_copy(update={"worker_id": "<i>$x$&"})]
    text = html.render(totals.report(Collected(tuple(results))))
    assert "<i>" not in text
    assert "&lt;i&gt;$x$&amp;" in text


def test_page_includes_all_of_a_thousand_workers(page, tmp_path):
    plan = synthetic_plan(1000, 60_000)
    text = html.render(totals.report(Collected(tuple(synthetic_results(plan)), plan)))
    (tmp_path / "many.html").write_text(text, encoding="utf-8")
    page.open((tmp_path / "many.html").as_uri())
    page.screenshot(SCREENSHOTS / "thousand.png")
    assert page.evaluate("document.querySelectorAll('#workers tbody tr').length") == 1000
    legend = page.evaluate("document.querySelector('#throughput svg').textContent")
    bands = re.findall(r"worker-(\d+) to worker-(\d+)", legend)
    ends = [(int(first), int(last)) for first, last in bands]
    assert [first for first, _ in ends] == [1, *(last + 1 for _, last in ends[:-1])]
    assert ends[-1][1] == 1000
    assert len(text.encode()) < 5_000_000


def test_page_of_run_without_data_has_no_plots():
    empty = totals.report(Collected((runs.failed(1, ExitReason.NEVER_STARTED, "no image"),), runs.plan(1)))
    text = html.render(empty)
    assert "never started" in text
    assert "<svg" not in text
