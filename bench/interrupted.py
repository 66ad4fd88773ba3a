"""Kill `pulumi` at random moments of a run, on this machine and on Docker: `python -m bench.interrupted`.

Half of the runs are cleaned up by `pulumi destroy` (after `pulumi cancel` if the engine left its lock), and by the cleanup
if that leaves something. The others are cleaned up by the cleanup alone, as if the engine's state were lost. Afterwards no
process, folder, mount, control group, container, network or volume may be left. The exit code is 1 if something is left
or if the last command failed.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.record import RESULTS, record, table
from testkit import loads
from testkit.clone import Clone, Stack
from testkit.images import image
from testkit.interruption import CLEANUP, DESTROY, ENDLESS, Interruption, interrupt_and_clean_up
from testkit.traces import KINDS

PLATFORMS: Mapping[str, Mapping[str, object]] = {
    "local": {},
    "docker": {
        "platform": "docker",
        "databaseImage": image("postgresql"),
        "workerBaseImage": image("python"),
    },
}
_BEYOND = 1.3
"""Kills are uniformly distributed between the start and this multiple of the time until rows are loaded."""
_NAME = "interrupted"
_EARLIEST_SECONDS = 0.5


def main() -> int:
    """Run the trials, print them as a table and record them."""
    parser = argparse.ArgumentParser(prog="python -m bench.interrupted", description=__doc__)
    parser.add_argument("--trials", type=int, default=10, metavar="N", help="trials per platform; default: 10")
    parser.add_argument(
        "--platform", choices=PLATFORMS, action="append", help="run on this platform only; may be repeated"
    )
    parser.add_argument("--seed", type=int, default=42, help="random seed of the moments; default: 42")
    parser.add_argument(
        "--longest",
        type=float,
        metavar="SECONDS",
        help=f"the latest moment; default: {_BEYOND} times what an undisturbed run takes until it has loaded rows",
    )
    chosen = parser.parse_args()
    rows = [row for row in _recorded() if row["platform"] not in (chosen.platform or PLATFORMS)]
    settings = {"trials": chosen.trials, "seed": chosen.seed, "settings": dict(ENDLESS)}
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder) / "project")
        for platform in chosen.platform or PLATFORMS:
            rows += _trials(clone, platform, chosen.trials, random.Random(chosen.seed), chosen.longest)
            _print(f"written to {record(_NAME, rows, ['pulumi', 'pulumi-docker'], settings)}")
    _print(table(rows))
    return 0 if all(row["clean"] for row in rows) else 1


def _recorded() -> list[dict[str, Any]]:
    """Return the recorded trials of the platforms that this campaign does not repeat."""
    file = RESULTS / f"{_NAME}.json"
    recorded: list[dict[str, Any]] = json.loads(file.read_text())["results"] if file.is_file() else []
    return recorded


def _trials(
    clone: Clone, platform: str, trials: int, moments: random.Random, longest: float | None
) -> Iterator[dict[str, Any]]:
    def new_stack() -> Stack:
        return Stack(clone, {**ENDLESS, **PLATFORMS[platform]})

    if longest is None:
        longest = _seconds_until_rows(new_stack(), platform) * _BEYOND
    for number in range(1, trials + 1):
        method = (DESTROY, CLEANUP)[number % 2]
        outcome = interrupt_and_clean_up(new_stack(), method, round(moments.uniform(_EARLIEST_SECONDS, longest), 2))
        row = _row(platform, outcome)
        _print(f"{number} of {trials}: {row} {outcome.error_output}")
        yield row


def _seconds_until_rows(stack: Stack, platform: str) -> float:
    """Return how long an undisturbed run takes until its first worker has loaded rows, then end the run."""
    first = f"loadtest-{stack.name}-worker-1"
    log = stack.folder / "workers" / "worker-1.out"
    has_loaded: Mapping[str, Callable[[], bool]] = {
        "docker": lambda: loads.has_loaded_in(first),
        "local": lambda: loads.has_loaded(log),
    }
    began = time.monotonic()
    process = stack.start_up()
    loads.wait_until(has_loaded[platform], process, "progress")
    seconds = time.monotonic() - began
    process.kill()
    loads.wait_for_end(process)
    stack.destroy().succeeded()
    return seconds


def _row(platform: str, outcome: Interruption) -> dict[str, Any]:
    return {
        "platform": platform,
        "killed_after_seconds": outcome.at_seconds,
        "existing_at_kill": _counted(outcome.existing),
        "cleaned_by": outcome.method,
        "left_by_destroy": _counted(outcome.left_by_destroy),
        "left": _counted(outcome.left),
        "clean": outcome.clean,
    }


def _counted(traces: Sequence[str]) -> str:
    """Return the number of traces of each kind, as text."""
    kinds = Counter(next(kind for kind in KINDS if trace.startswith(f"{kind} ")) for trace in traces)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
