"""The report of one run: collect, total, render."""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from aggregate import collect, history, totals
from aggregate.report import Report
from core.errors import InputError
from core.thresholds import parse_thresholds

HELP = "the report of one run (the default)"

FORMATS: Mapping[str, str] = {
    "table": "aggregate.render.table",
    "markdown": "aggregate.render.markdown",
    "json": "aggregate.render.json",
    "html": "aggregate.render.page.html",
    "openmetrics": "aggregate.render.openmetrics",
}
"""Where each format is rendered; imported when it is asked for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One origin, a format, and where to write."""
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--stack", metavar="NAME", help="the outputs of a stack, by `pulumi stack output`")
    origin.add_argument("--results-dir", metavar="DIR", type=Path, help="a folder of worker-N.json, and its plan.json")
    origin.add_argument("stdin", nargs="?", choices=["-"], help="a stack's outputs, or results, as JSON")
    parser.add_argument("--output-format", choices=sorted(FORMATS), default="table", help="default: table")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=history.RUNS, help="where a stack's runs are kept")
    parser.add_argument(
        "--threshold", metavar="BOUND", action="append", default=[], help="judge by it too: 'rows_per_second >= 50000'"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there, not to standard output")


def run(arguments: argparse.Namespace) -> int:
    """Show the report; the exit code is what it found."""
    thresholds = parse_thresholds(arguments.threshold, "--threshold")
    collected = _collected(arguments)
    report = totals.report(collected, thresholds)
    if report.stack is not None:
        history.keep(collected, report, arguments.runs)
    write(renderer(arguments.output_format)(report), arguments.output)
    return report.exit_code


def renderer(name: str) -> Callable[[Report], str]:
    """The function that gives a report in the format `name`."""
    render: Callable[[Report], str] = importlib.import_module(FORMATS[name]).render
    return render


def write(text: str, file: Path | None) -> None:
    """To a file, or to standard output. Raises InputError for a file that cannot be written."""
    if file is None:
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise InputError.of("--output", str(file), f"cannot be written ({reason})", "name another file") from None


def _collected(arguments: argparse.Namespace) -> collect.Collected:
    if arguments.stack is not None:
        return collect.from_stack(arguments.stack)
    if arguments.results_dir is not None:
        return collect.from_folder(arguments.results_dir)
    return collect.from_text(sys.stdin.buffer.read())
