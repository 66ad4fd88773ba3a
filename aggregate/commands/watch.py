"""Follow a run until all of its workers have ended, then print its report."""

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from aggregate import collect, totals
from aggregate.collect import Collected
from aggregate.commands import write
from aggregate.live.display import PlainOutput, Screen
from aggregate.live.feed import Feed, FolderFeed
from aggregate.live.fleet import Fleet
from aggregate.pulumi_stack import PROJECT
from aggregate.registry import connect_feed
from aggregate.render.text import report_table
from core.errors import ExitCode, InputError, LoadtestError, ResultError, RunError
from core.platforms import PLATFORMS
from core.process import loadtest_command
from core.stack_file import require_stack, short_name
from core.text import visible

HELP = "follow a run while it is in progress"

INTERVAL_SECONDS = 0.5
RECORDED_SECONDS = 15.0
"""How long to wait, after the workers, for the stack's record of the run. It has the fleet's part of the timeline."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run to follow, where to look for it, and how long to wait for it."""
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--stack", metavar="NAME", help="follow a stack's workers")
    origin.add_argument("--results-dir", metavar="DIR", type=Path, help="follow a folder to which results are written")
    parser.add_argument(
        "--platform", choices=sorted(PLATFORMS), help="default: the platform that has the stack's workers"
    )
    parser.add_argument("--project", metavar="DIR", type=Path, default=PROJECT, help=argparse.SUPPRESS)
    parser.add_argument(
        "--wait", metavar="SECONDS", type=float, default=600, help="how long to wait for the first worker; default: 600"
    )
    parser.add_argument("--next", action="store_true", help="if a run is already over, wait for the next one")


def run(arguments: argparse.Namespace) -> int:
    """Watch until every worker has ended and return the report's exit code."""
    (platform, feed), fleet, plan = _find_feed(arguments), Fleet(), None
    console = Console()
    name = arguments.stack or str(arguments.results_dir)
    started = time.monotonic()
    display = Screen(console, f"Load test {name}") if console.is_terminal else PlainOutput(_print)
    try:
        with display:
            while True:
                if plan is None and (plan := feed.plan()) is not None:
                    fleet.expect(plan)
                now = time.monotonic()
                display.show(fleet, fleet.update(feed.snapshots(), now), now - started)
                if fleet.over:
                    break
                time.sleep(INTERVAL_SECONDS)
        seen = Collected(
            tuple(fleet.results()),
            plan,
            missing=fleet.missing(),
            stack=arguments.stack,
            platform=platform,
            source=plan.source if plan else None,
        )
        recorded = _recorded(seen) if arguments.project == PROJECT else None
    except KeyboardInterrupt:
        _print("Stopped watching. The run is still in progress.")
        return ExitCode.INTERRUPTED
    report = totals.report(recorded or seen)
    write(report_table(report))
    return report.exit_code


def _recorded(seen: Collected) -> Collected | None:
    """Return the same run as the stack has recorded it, as `report` shows it; None if the stack does not record it in time."""
    ends = {(result.worker_id, result.completed_at) for result in seen.results}
    if seen.stack is None or not ends:
        return None
    deadline = time.monotonic() + RECORDED_SECONDS
    while time.monotonic() < deadline:
        try:
            recorded = collect.from_stack(seen.stack)
        except ResultError:
            pass  # no run is recorded yet
        except LoadtestError:
            return None
        else:
            if ends <= {(result.worker_id, result.completed_at) for result in recorded.results}:
                return recorded
        time.sleep(INTERVAL_SECONDS)
    return None


def _find_feed(arguments: argparse.Namespace) -> tuple[str | None, Feed]:
    """Wait for workers and return the first platform and feed that has some. Raises RunError if none start in time."""
    if arguments.stack is not None:
        require_stack(arguments.project, arguments.stack)
    deadline = time.monotonic() + arguments.wait
    feeds = _feeds(arguments)
    name = arguments.stack or str(arguments.results_dir)
    announced = False
    ended = {state for _, feed in feeds if (state := _ended_run(feed))} if arguments.next else set()
    while True:
        for platform, feed in feeds:
            if feed.snapshots() and (not ended or _ended_run(feed) not in ended):
                return platform, feed
        if time.monotonic() > deadline:
            raise RunError(
                f"found no worker of {name} within {arguments.wait:g} s; "
                f"start one with: {loadtest_command('up', arguments.stack or '')}"
            )
        if not announced:
            announced = True
            print(visible(f"waiting for the first worker of {name}"), file=sys.stderr)
        time.sleep(INTERVAL_SECONDS)


def _ended_run(feed: Feed) -> frozenset[str]:
    """Identify a run that is over by the times at which its workers ended. Empty if the run is not over."""
    snapshots = feed.snapshots()
    if not all(snapshot.started and not snapshot.running for snapshot in snapshots):
        return frozenset()
    ends = {each.worker_id: each.result.completed_at if each.result else None for each in snapshots}
    return frozenset(f"{worker} {end}" for worker, end in ends.items())


def _feeds(arguments: argparse.Namespace) -> list[tuple[str | None, Feed]]:
    if arguments.results_dir is not None:
        if not arguments.results_dir.is_dir():
            raise InputError.of(
                "--results-dir", str(arguments.results_dir), "is not a folder", "use an existing folder"
            )
        return [(None, FolderFeed(arguments.results_dir))]
    if arguments.platform is not None:
        return [(arguments.platform, connect_feed(arguments.platform, short_name(arguments.stack), arguments.project))]
    feeds: list[tuple[str | None, Feed]] = []
    for platform in PLATFORMS:
        try:
            feeds.append((platform, connect_feed(platform, short_name(arguments.stack), arguments.project)))
        except RunError:
            # A platform that cannot be reached has no workers to follow. If the user names it, the error is reported.
            continue
    return feeds


def _print(text: str) -> None:
    write(text + "\n")
