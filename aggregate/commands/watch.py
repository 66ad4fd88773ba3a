"""Follow a run while it goes on, and end with its table."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from aggregate import totals
from aggregate.collect import PROJECT, Collected
from aggregate.commands.report import write
from aggregate.live.feed import Feed
from aggregate.live.fleet import Fleet
from aggregate.live.folder import FolderFeed
from aggregate.live.local import LocalFeed
from aggregate.live.plain_output import Lines
from aggregate.live.screen import Screen
from aggregate.render import table
from core.errors import ExitCode, InputError, RunError
from core.kubeconfig import ClusterAccess
from core.stack_file import require_stack

HELP = "follow a run while it goes on"

INTERVAL_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose run, where to look, and for how long."""
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--stack", metavar="NAME", help="a stack's workers")
    origin.add_argument("--results-dir", metavar="DIR", type=Path, help="a folder that the workers' results come to")
    parser.add_argument("--platform", choices=sorted(FEEDS), help="where to look; default: where workers are found")
    parser.add_argument("--project", metavar="DIR", type=Path, default=PROJECT, help=argparse.SUPPRESS)
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=600, help="for the first worker; default: 600")
    parser.add_argument("--next", action="store_true", help="wait for the next run when one is already over")


def run(arguments: argparse.Namespace) -> int:
    """Watch until every worker has ended; the exit code is the report's."""
    feed, fleet, plan = _found(arguments), Fleet(), None
    console = Console()
    name = arguments.stack or str(arguments.results_dir)
    started = time.monotonic()
    view = Screen(console, f"Load test {name}") if console.is_terminal else Lines(_line)
    try:
        with view:
            while True:
                if plan is None and (plan := feed.plan()) is not None:
                    fleet.expect(plan)
                now = time.monotonic()
                view.show(fleet, fleet.update(feed.look(), now), now - started)
                if fleet.over:
                    break
                time.sleep(INTERVAL_SECONDS)
    except KeyboardInterrupt:
        _line("no longer watched; the run goes on")
        return ExitCode.INTERRUPTED
    report = totals.report(Collected(tuple(fleet.results()), plan, missing=fleet.missing()))
    write(table.render(report), None)
    return report.exit_code


def _found(arguments: argparse.Namespace) -> Feed:
    """The first place where workers are seen, waiting for one if need be. Raises RunError when none comes in time."""
    deadline = time.monotonic() + arguments.wait
    feeds = _feeds(arguments)
    name = arguments.stack or str(arguments.results_dir)
    said = False
    old = {run_ for feed in feeds if (run_ := _ended_run(feed))} if arguments.next else set()
    while True:
        for feed in feeds:
            if feed.look() and (not old or _ended_run(feed) not in old):
                return feed
        if time.monotonic() > deadline:
            raise RunError(
                f"no worker of {name} was seen for {arguments.wait:g} s; start one with: make up STACK={name}"
            )
        if not said:
            said = True
            if arguments.stack is not None:
                require_stack(arguments.project, arguments.stack)
            print(f"waiting for the first worker of {name}", file=sys.stderr)
        time.sleep(INTERVAL_SECONDS)


def _ended_run(feed: Feed) -> frozenset[str]:
    """What tells a run that is over from the next one: when its workers ended. Empty for one that is not over."""
    sightings = feed.look()
    if not all(sighting.started and not sighting.running for sighting in sightings):
        return frozenset()
    ends = {each.worker_id: each.result.completed_at if each.result else None for each in sightings}
    return frozenset(f"{worker} {end}" for worker, end in ends.items())


def _feeds(arguments: argparse.Namespace) -> list[Feed]:
    if arguments.results_dir is not None:
        if not arguments.results_dir.is_dir():
            raise InputError.of("--results-dir", str(arguments.results_dir), "is no folder", "name one")
        return [FolderFeed(arguments.results_dir)]
    if arguments.platform is not None:
        return [FEEDS[arguments.platform](arguments)]
    feeds: list[Feed] = []
    for make in FEEDS.values():
        try:
            feeds.append(make(arguments))
        except RunError:
            # What is not on this machine has no workers to look at; an absent platform that is named does raise.
            continue
    return feeds


def _local(arguments: argparse.Namespace) -> Feed:
    return LocalFeed(arguments.stack, arguments.project)


def _docker(arguments: argparse.Namespace) -> Feed:
    from aggregate.live.docker import DockerFeed

    return DockerFeed(arguments.stack)


def _kubernetes(arguments: argparse.Namespace) -> Feed:
    from aggregate.live.kubernetes import KubernetesFeed

    return KubernetesFeed(arguments.stack, ClusterAccess.of_stack(arguments.project, arguments.stack))


FEEDS: Mapping[str, Callable[[argparse.Namespace], Feed]] = {
    "local": _local,
    "docker": _docker,
    "kubernetes": _kubernetes,
}


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
