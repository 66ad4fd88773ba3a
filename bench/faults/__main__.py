"""The fault campaign: `make faults`, or `python -m bench.faults [--trials 20] [--fault NAME ...] [--source NAME ...]`.

Real workers in containers, on half a core each, load and verify; something happens to them at moments that a seeded
generator draws over the bytes that an undisturbed load sends. Writes bench/results/faults.json, a row a fault and source;
rows of faults and sources that are not asked for stay as they are.
"""

import argparse
import random
import sys
import time

from bench.faults.campaign import FAULTS, Load, worker_image
from bench.faults.record import keep, row
from bench.faults.verdict import Verdict
from core.stores import SOURCES


def main() -> int:
    """Run the campaign; 1 where a trial did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, help="of each fault and source (default: as many as the fault has)")
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
                # Each is a fact: a campaign that is ended early leaves those that it has found.
                keep(row(name, source, verdicts, time.monotonic() - started), settings)
            failed += sum(bool(verdict.wrong) for verdict in verdicts)
    return 1 if failed else 0


def _shown(fault: str, source: str, verdict: Verdict) -> Verdict:
    """The same; whoever waits for the campaign sees each trial as it ends."""
    moment = (
        "" if verdict.of_load is None else f" at {verdict.of_load:.1%} of the load, {verdict.rows_there} rows there"
    )
    sys.stdout.write(f"{fault}, {source}{moment}: {'; '.join(verdict.wrong) or 'as it should be'} {verdict.said}\n")
    sys.stdout.flush()
    return verdict


if __name__ == "__main__":
    sys.exit(main())
