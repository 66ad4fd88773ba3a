"""The page in a real browser: no errors, no requests, legible at every width and colour scheme."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render.page import html
from aggregate.report import Report
from bench.synthetic_results import START, synthetic_plan, synthetic_results
from core.results import Difference, ExitReason, Instants
from core.thresholds import parse_thresholds
from tests.aggregate import runs
from tests.aggregate.browser import Page, Session, chromium

SCREENSHOTS = Path(__file__).resolve().parents[2] / "artefacts" / "page"
SECTIONS = ["thresholds", "verification", "limit", "warnings", "workers", "timeline", "throughput", "latency-over-time",
            "latency", "steps", "errors", "environment", "settings", "plan"]  # fmt: skip
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
    killed = Instants(load_started=START + timedelta(seconds=1), ended=START + timedelta(seconds=20))
    results[3] = runs.failed(4, ExitReason.OOM_KILLED, "x", rows=9, run_id=plan.run_id, instants=killed).model_copy(
        update={"errors": ("<script>alert(1)</script> & more", "killed by the kernel at 1Gi")}
    )
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


SIZES = """
[...document.querySelectorAll('.plot')].map(place => {
  const canvas = place.querySelector('canvas');
  return [canvas.clientWidth > 0 ? place.querySelector('.uplot').clientWidth : 0, place.clientWidth, canvas.clientHeight];
})
"""


@SCHEMES
@pytest.mark.parametrize("width", [1280, 768, 375], ids=["desk", "tablet", "phone"])
def test_page_renders_without_errors_and_requests(page, file, width, dark):
    page.open(file.as_uri(), width=width, dark=dark)
    page.screenshot(SCREENSHOTS / f"{width}-{'dark' if dark else 'light'}.png")
    assert page.evaluate("[...document.querySelectorAll('section')].map(each => each.id)") == SECTIONS
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    charts = page.evaluate(SIZES)
    assert len(charts) == 3
    for drawn, available, height in charts:
        assert drawn == available
        assert height >= 200
    assert page.evaluate("document.querySelectorAll('#timeline .track rect.load').length") == 5
    assert page.evaluate("document.querySelectorAll('#timeline rect.death').length") == 1
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
  return [...document.querySelectorAll('h1, h2, p, li, dt, dd, th, td, figcaption, .bar span, svg text')].map(element => {
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


SHAPES = """
(() => {
  const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = hex => [1, 3, 5].map(at => channel(parseInt(hex.slice(at, at + 2), 16)))
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const style = getComputedStyle(document.documentElement);
  const light = name => luminance(style.getPropertyValue(name).trim());
  return [...Array(12).keys()].map(place => {
    const [low, high] = [light('--paper'), light(`--c${place}`)].sort((left, right) => left - right);
    return (high + 0.05) / (low + 0.05);
  });
})()
"""


@SCHEMES
def test_every_chart_colour_has_enough_contrast(page, file, dark):
    """Level AA asks for 3 to 1 for shapes."""
    page.open(file.as_uri(), dark=dark)
    contrasts = page.evaluate(SHAPES)
    assert len(contrasts) == 12
    assert min(contrasts) >= 3


HOVER = """
(() => {
  const over = document.querySelector('#throughput .u-over');
  const { left, top, width, height } = over.getBoundingClientRect();
  const at = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true };
  over.dispatchEvent(new MouseEvent('mouseenter', at));
  over.dispatchEvent(new MouseEvent('mousemove', at));
})()
"""


def values(page: Page, chart: str) -> dict[str, str]:
    """Return the values that a chart shows below itself."""
    rows = f"[...document.querySelectorAll('#{chart} .u-series')]"
    cells = "each => [each.querySelector('.u-label').textContent, each.querySelector('.u-value').textContent]"
    return dict(page.evaluate(f"{rows}.map({cells})"))


def test_chart_shows_values_at_the_pointer(page, file):
    page.open(file.as_uri(), width=768)
    assert set(values(page, "throughput").values()) <= {"\N{EN DASH}", "--"}
    page.evaluate(HOVER)
    page.evaluate("new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))", wait=True)
    shown = values(page, "throughput")
    parts = [float(shown[f"worker-{number}"].removesuffix(" rows/s").replace(",", "")) for number in (1, 2, 3)]
    assert sum(parts) > 0
    assert float(shown["fleet"].removesuffix(" rows/s").replace(",", "")) == pytest.approx(sum(parts), abs=2)
    assert re.fullmatch(r"[\d.]+ to [\d.]+ s", shown["time"])
    assert values(page, "latency-over-time")["p50"].endswith(" ms"), "both charts show the same instant"


def test_bar_shows_its_phase_at_the_pointer(page, file):
    page.open(file.as_uri())
    event = "new PointerEvent('pointerover', {bubbles: true})"
    readout = "document.querySelector('#timeline .readout').textContent"
    page.evaluate(f"document.querySelector('#timeline .track rect.load').dispatchEvent({event})")
    assert re.fullmatch(r"run, load: [\d.]+s \([\d.ms]+ to [\d.]+s\)", page.evaluate(readout))
    page.evaluate(f"document.querySelector('#timeline rect.death').dispatchEvent({event})")
    assert re.fullmatch(r"worker-4, oom killed after (19|20)\.\ds: killed by the kernel at 1Gi", page.evaluate(readout))


def test_printed_page_is_white(page, file):
    page.open(file.as_uri(), dark=True)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelector('#throughput canvas').clientWidth") == 660
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.print().startswith(b"%PDF")


def test_text_of_run_is_not_markup(page, file):
    page.open(file.as_uri())
    assert page.evaluate("document.scripts.length") == 3
    assert page.evaluate("document.querySelectorAll('b').length") == 0
    assert "<script>alert(1)</script> & more" in page.evaluate("document.querySelector('#errors').innerText")
    assert "found <b>Eve</b>" in page.evaluate("document.querySelector('#verification').innerText")


def test_script_that_is_not_ours_does_not_run(page, file, tmp_path):
    text = file.read_text(encoding="utf-8").replace("</body>", "<script>document.title = 'foreign'</script></body>")
    (tmp_path / "foreign.html").write_text(text, encoding="utf-8")
    page.open((tmp_path / "foreign.html").as_uri())
    assert page.evaluate("document.title").startswith("Load test")
    assert any("Content Security Policy" in str(message) for message in page.messages)


def test_names_in_charts_are_not_markup():
    results = [runs.result(1, rows=150_000).model_copy(update={"worker_id": "<i>$x$&</script>"})]
    text = html.render(totals.report(Collected(tuple(results))))
    assert "<i>" not in text
    assert text.count("</script>") == 3
    assert "&lt;i&gt;$x$&amp;&lt;/script&gt;" in text
    assert "\\u003ci\\u003e$x$\\u0026\\u003c/script\\u003e" in text


def test_page_includes_all_of_a_thousand_workers(page, tmp_path):
    plan = synthetic_plan(1000, 60_000)
    text = html.render(totals.report(Collected(tuple(synthetic_results(plan)), plan)))
    (tmp_path / "many.html").write_text(text, encoding="utf-8")
    page.open((tmp_path / "many.html").as_uri())
    page.screenshot(SCREENSHOTS / "thousand.png")
    assert page.evaluate("document.querySelectorAll('#workers tbody tr').length") == 1000
    assert page.evaluate("document.querySelectorAll('#timeline .bar').length") >= 1000
    legend = " ".join(values(page, "throughput"))
    bands = re.findall(r"worker-(\d+) to worker-(\d+)", legend)
    ends = sorted((int(first), int(last)) for first, last in bands)
    assert [first for first, _ in ends] == [1, *(last + 1 for _, last in ends[:-1])]
    assert ends[-1][1] == 1000
    assert len(text.encode()) < 5_000_000


def test_page_of_run_without_data_has_no_charts():
    empty = totals.report(Collected((runs.failed(1, ExitReason.NEVER_STARTED, "no image"),), runs.plan(1)))
    text = html.render(empty)
    assert "never started" in text
    assert 'class="plot"' not in text
    assert 'class="bars' not in text
