"""Two reports, or two sets of repeated runs, side by side; exit code 99 on a regression."""

import argparse
from pathlib import Path

from aggregate import history
from aggregate.commands.report import write
from aggregate.comparison import GATED, METRICS, compare
from aggregate.render.comparison import FORMATS
from aggregate.report import Report
from core.errors import InputError

HELP = "compare two runs, or two sets of repeated runs"

_RUNS = "a kept run's id, latest, previous, STACK/ID or a report.json; repeated runs with commas between"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Both sides, the bound, what it bounds, and the format."""
    parser.add_argument("base", metavar="BASE", help=_RUNS)
    parser.add_argument("head", metavar="HEAD", help="the same")
    parser.add_argument(
        "--max-regression", metavar="SHARE", default="5%", help="how much worse is bearable; default: 5%%"
    )
    parser.add_argument(
        "--metric", action="append", choices=list(METRICS), help=f"what the bound is for; default: {', '.join(GATED)}"
    )
    parser.add_argument("--allow-different-plans", action="store_true", help="compare although the plans differ")
    parser.add_argument("--stack", metavar="NAME", help="whose runs latest and previous are")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=history.RUNS, help="default: runs/ in the project")
    parser.add_argument("--output-format", choices=sorted(FORMATS), default="table", help="default: table")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there, not to standard output")


def run(arguments: argparse.Namespace) -> int:
    """Show the comparison; the exit code is its verdict."""
    comparison = compare(
        _reports(arguments.base, arguments),
        _reports(arguments.head, arguments),
        share(arguments.max_regression),
        gated=arguments.metric or GATED,
        different_plans=arguments.allow_different_plans,
    )
    write(FORMATS[arguments.output_format](comparison), arguments.output)
    return comparison.exit_code


def share(text: str) -> float:
    """`5%` or `0.05` as 0.05. Raises InputError for what is no share from 0 to 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputError.of("--max-regression", text, "is no share", "write one like 5% or 0.05")
    return value


def _reports(names: str, arguments: argparse.Namespace) -> list[Report]:
    return [history.find(name.strip(), arguments.runs, arguments.stack) for name in names.split(",")]
