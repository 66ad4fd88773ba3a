"""List the saved runs, newest last."""

import argparse
from pathlib import Path

from aggregate import history
from aggregate.commands import write
from aggregate.render import formatting
from aggregate.render.text import box
from core.errors import ExitCode

HELP = "list the saved runs"

COLUMNS = ("Run", "Plan", "Started", "Platform", "Source", "Workers", "Rows", "Rows/sec", "Wall clock", "Outcome")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stack and the folder of saved runs."""
    parser.add_argument("--stack", metavar="NAME", help="only this stack's runs")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=history.RUNS, help="default: runs/ in the project")


def run(arguments: argparse.Namespace) -> int:
    """Print a table with one row per run; without rows if no run was saved."""
    lines = box(COLUMNS, [_row(each) for each in history.saved_runs(arguments.runs, arguments.stack)])
    write("\n".join(lines) + "\n")
    return ExitCode.OK


def _row(saved: history.SavedRun) -> tuple[str, ...]:
    report, totals = saved.report, saved.report.totals
    workers = formatting.count(totals.workers)
    if totals.failed_workers:
        workers = f"{formatting.count(totals.finished_workers)} of {workers}"
    return (
        saved.name,
        report.run_id or formatting.NONE,
        f"{saved.started_at:%Y-%m-%d %H:%M:%S}",
        report.platform or formatting.NONE,
        report.source or formatting.NONE,
        workers,
        formatting.count(totals.rows),
        formatting.rate(totals.rows_per_second),
        formatting.duration(totals.wall_clock_ms),
        formatting.outcome(report.exit_code),
    )
