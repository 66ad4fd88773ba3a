"""The default command: collect the results of one run, compute the report, render it."""

import argparse
import sys
from pathlib import Path

from aggregate import collect, history, totals
from aggregate.commands import write
from aggregate.registry import REPORT_FORMATS, report_renderer
from core.thresholds import parse_thresholds

HELP = "report one run (the default command)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the origin of the results, the format and the output file."""
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--stack", metavar="NAME", help="read the last run of a stack from its state")
    origin.add_argument("--results-dir", metavar="DIR", type=Path, help="read a folder of worker-N.json and plan.json")
    origin.add_argument("stdin", nargs="?", choices=["-"], help="read a stack's outputs, or results, as JSON")
    parser.add_argument("--output-format", choices=sorted(REPORT_FORMATS), default="table", help="default: table")
    parser.add_argument(
        "--runs",
        metavar="DIR",
        type=Path,
        default=history.RUNS,
        help="the folder of saved runs; default: runs/ in the project",
    )
    parser.add_argument(
        "--keep",
        metavar="N",
        type=int,
        default=history.KEPT,
        help="how many runs of the stack stay saved; default: %(default)s",
    )
    parser.add_argument(
        "--threshold",
        metavar="BOUND",
        action="append",
        default=[],
        help="check this bound too, such as 'rows_per_second >= 50000'",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write to a file, not to standard output")


def run(arguments: argparse.Namespace) -> int:
    """Print the report, save a stack's run, and return the report's exit code."""
    thresholds = parse_thresholds(arguments.threshold, "--threshold")
    collected = _collected(arguments)
    report = totals.report(collected, thresholds)
    if report.stack is not None:
        history.save(collected, report, arguments.runs, arguments.keep)
    write(report_renderer(arguments.output_format)(report), arguments.output)
    return report.exit_code


def _collected(arguments: argparse.Namespace) -> collect.Collected:
    if arguments.stack is not None:
        return collect.from_stack(arguments.stack)
    if arguments.results_dir is not None:
        return collect.from_folder(arguments.results_dir)
    return collect.from_text(sys.stdin.buffer.read())
