"""The fault campaign: `make faults`, or `python -m bench.faults [--trials 20] [--fault NAME ...] [--source NAME ...]`.

Real workers in containers, with half a core each, load and verify. A fault occurs at a moment that a seeded generator
draws over the bytes that an undisturbed load sends. Writes bench/results/faults.json, one row per fault and source. Rows of
faults and sources that are not selected stay unchanged.
"""

import argparse
import random
import sys
import time

from bench.faults.campaign import FAULTS, Load, worker_image
from bench.faults.record import keep, row
from bench.faults.trial import Verdict
from core.stores import SOURCES


def main() -> int:
    """Run the campaign; return 1 if a trial did not end as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, help="trials per fault and source (default: the fault's own number)")
    parser.add_argument("--fault", nargs="*", choices=list(FAULTS), default=list(FAULTS))
    parser.add_argument("--source", nargs="*", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    image, failed = worker_image(), 0
    settings = {"seed": arguments.seed, "image": image}
    for name in arguments.fault:
        fault = FAULTS[name]
        for source in (source for source in fault.sources if source in arguments.source):
            trials, started = arguments.trials or fault.trials, time.monotonic()
            load = Load(source, image, trials, random.Random(f"{arguments.seed} {name} {source}"))
            verdicts: list[Verdict] = []
            for verdict in fault.verdicts(load):
                verdicts.append(_shown(name, source, verdict))
                # Record after each trial, so that a campaign that is stopped early keeps its results.
                keep(row(name, source, verdicts, time.monotonic() - started), settings)
            failed += sum(bool(verdict.wrong) for verdict in verdicts)
    return 1 if failed else 0


def _shown(fault: str, source: str, verdict: Verdict) -> Verdict:
    """Print a trial as soon as it ends, and return it."""
    moment = (
        "" if verdict.of_load is None else f" at {verdict.of_load:.1%} of the load, {verdict.rows_there} rows there"
    )
    sys.stdout.write(f"{fault}, {source}{moment}: {'; '.join(verdict.wrong) or 'as expected'} {verdict.errors}\n")
    sys.stdout.flush()
    return verdict


if __name__ == "__main__":
    sys.exit(main())
