"""Compare two reports, or two sets of repeated runs; exit code 99 on a regression."""

import argparse
from pathlib import Path

from aggregate import history
from aggregate.commands import write
from aggregate.comparison import COMPARED, GATED, compare
from aggregate.registry import COMPARISON_FORMATS, comparison_renderer
from aggregate.report import Report
from core.errors import InputError

HELP = "compare two runs, or two sets of repeated runs"

_RUNS = "a saved run's id, latest, previous, a stack, STACK/ID or a report.json; separate repeated runs with commas"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add both sides, the bound, the metrics that it applies to, and the format."""
    parser.add_argument("base", metavar="BASE", help=_RUNS)
    parser.add_argument("head", metavar="HEAD", help="the run or runs to compare with BASE, named like BASE")
    parser.add_argument(
        "--max-regression", metavar="SHARE", default="5%", help="largest accepted regression; default: 5%%"
    )
    parser.add_argument(
        "--metric", action="append", choices=list(COMPARED), help=f"bounded metrics; default: {', '.join(GATED)}"
    )
    parser.add_argument("--allow-different-plans", action="store_true", help="compare runs even if their plans differ")
    parser.add_argument("--stack", metavar="NAME", help="the stack whose runs latest and previous are")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=history.RUNS, help="default: runs/ in the project")
    parser.add_argument("--output-format", choices=sorted(COMPARISON_FORMATS), default="table", help="default: table")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write to a file, not to standard output")


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison and return its exit code."""
    comparison = compare(
        _reports(arguments.base, arguments),
        _reports(arguments.head, arguments),
        share(arguments.max_regression),
        gated=arguments.metric or GATED,
        different_plans=arguments.allow_different_plans,
    )
    write(comparison_renderer(arguments.output_format)(comparison), arguments.output)
    return comparison.exit_code


def share(text: str) -> float:
    """Convert `5%` or `0.05` to 0.05. Raises InputError for anything but a share from 0 to 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputError.of("--max-regression", text, "is not a share from 0 to 1", "use for example 5% or 0.05")
    return value


def _reports(names: str, arguments: argparse.Namespace) -> list[Report]:
    return [history.find(name.strip(), arguments.runs, arguments.stack) for name in names.split(",")]
