"""Text from outside (cells, server messages, host names) in every format: visible, in one line, not too long."""

import io
import json

import pytest
from rich.console import Console

from aggregate import totals
from aggregate.__main__ import main
from aggregate.collect import Collected
from aggregate.live.display import PlainOutput, Screen
from aggregate.live.feed import Snapshot
from aggregate.live.fleet import Fleet
from aggregate.registry import REPORT_FORMATS, report_renderer
from aggregate.report import Report
from core.results import Difference, ExitReason, WorkerResult
from tests.aggregate import runs

PAYLOADS = {
    "escape": ("\x1b[31m", r"\x1b[31m"),
    "bell": ("\x07", r"\x07"),
    "c1": ("\x9b31m", r"\x9b31m"),
    "newline": ("a\nb\r\nc", r"a\nb\r\nc"),
    "right-to-left": ("\u202egnp.exe", r"\u202egnp.exe"),
    "zero-width": ("pay\u200bpal", r"pay\u200bpal"),
    "no-glyph": ("a\u3164b", r"a\u3164b"),
    "no-break-space": ("a\u00a0b", r"a\xa0b"),
}
LONG = "x" * 10_000
PLACES = ("found", "error", "host")
payloads = pytest.mark.parametrize("payload", PAYLOADS)
places = pytest.mark.parametrize("place", PLACES)


def failed_worker(place: str, text: str) -> WorkerResult:
    error = {"error": f"server: {text}", "host": f"could not connect to {text}: timeout"}.get(place, "lost the server")
    return runs.failed(2, ExitReason.FAILED, error, hostname=text if place == "host" else "worker-2")


def report(place: str, text: str) -> Report:
    """Return a report with this text as a found cell, in a server message, or as a host name."""
    verified = runs.verified(mismatched=1)
    difference = Difference(key="7", column="name", expected="Ada", found=text if place == "found" else "Eve")
    table = verified.tables[0].model_copy(update={"differences": (difference,)})
    differing = runs.result(
        1,
        verification_report=verified.model_copy(update={"tables": (table,)}),
        hostname=text if place == "host" else "worker-1",
    )
    return totals.report(Collected((differing, failed_worker(place, text)), runs.plan(2)))


def invisible(text: str) -> set[str]:
    return {each for each in text if not each.isprintable() and each != "\n"}


def unescaped_markdown(text: str) -> str:
    return text.replace("\\\\", "\\")


@pytest.mark.parametrize("name", sorted(REPORT_FORMATS))
@places
@payloads
def test_formats_escape_invisible_characters(name, place, payload):
    text, escaped = PAYLOADS[payload]
    output = report_renderer(name)(report(place, text))
    assert invisible(output) == set()
    if name == "json":
        errors = json.loads(output)["workers"][1]["result"]["errors"]
        assert errors == list(failed_worker(place, text).errors)
    elif name != "openmetrics":
        assert escaped in (unescaped_markdown(output) if name == "markdown" else output)


@pytest.mark.parametrize("name", ["table", "markdown", "openmetrics"])
@places
def test_newline_does_not_add_a_line(name, place):
    plain, broken = (report_renderer(name)(report(place, text)) for text in ("ab", "a\n\n\nb"))
    assert len(broken.splitlines()) == len(plain.splitlines())


@pytest.mark.parametrize("name", sorted({*REPORT_FORMATS} - {"json", "openmetrics"}))
@places
def test_formats_shorten_long_text(name, place):
    output = report_renderer(name)(report(place, LONG))
    assert "x" * 100 in output
    assert "x" * 2_000 not in output
    assert "... (10,0" in output


def followed(place: str, text: str) -> tuple[str, str]:
    """Return the screen and the plain output of a fleet whose worker failed with this text."""
    fleet = Fleet()
    result = failed_worker(place if place != "found" else "error", text)
    changes = fleet.update([Snapshot("worker-2", True, False, None, result)], 0)
    console = Console(file=io.StringIO(), width=100, height=30, force_terminal=False)
    screen = Screen(console, "Load test small")
    screen.show(fleet, changes, 1)
    console.print(screen.draw(fleet, 1))
    written: list[str] = []
    PlainOutput(written.append).show(fleet, changes, 1)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), "\n".join(written)


@places
@payloads
def test_watch_escapes_invisible_characters(place, payload):
    text, escaped = PAYLOADS[payload]
    for output in followed(place, text):
        assert invisible(output) == set()
        assert escaped in output


@places
def test_watch_shortens_long_text(place):
    screen, plain = followed(place, LONG)
    assert screen.count("x") < 300
    assert plain.count("x") < 2_100
    assert len(plain.splitlines()) == 2


def test_watch_does_not_interpret_worker_id_as_markup():
    fleet = Fleet()
    fleet.update([Snapshot("worker-[red]1", True, True)], 0)
    console = Console(file=io.StringIO(), width=100, height=30, force_terminal=False)
    console.print(Screen(console, "Load test small").draw(fleet, 1))
    assert isinstance(console.file, io.StringIO)
    assert "worker-[red]1" in console.file.getvalue()


@payloads
def test_printed_error_escapes_invisible_characters(payload, capsys):
    text, escaped = PAYLOADS[payload]
    assert main(["--results-dir", f"/nowhere/{text}"]) == 2
    error = capsys.readouterr().err
    assert invisible(error) == set()
    assert error.count("\n") == 1
    assert escaped in error


def test_printed_error_is_shortened(tmp_path, capsys):
    (tmp_path / "plan.json").write_text(runs.plan(1).model_dump_json())
    for number in (1, 2):
        (tmp_path / f"worker-{number}.json").write_text(runs.result(number, run_id=LONG).model_dump_json())
    assert main(["--results-dir", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert len(error) < 4_100
    assert " characters)" in error


@pytest.mark.parametrize("name", ["table", "markdown", "html", "openmetrics"])
def test_names_of_workers_and_tables_are_escaped(name):
    result = runs.result(1, "us\x1bers\n", rows=150_000).model_copy(update={"worker_id": "worker\u202e-1"})
    settings = {"fsync": "off", "version": "18\x07"}
    warning = "Docker said \x1b]0;title\x07"
    collected = Collected((result,), stack="small\x1b", server_settings=settings, warnings=(warning,))
    output = report_renderer(name)(totals.report(collected))
    assert invisible(output) == set()
    assert "\\\\x1b" in output if name in ("markdown", "openmetrics") else "\\x1b" in output
