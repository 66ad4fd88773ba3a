"""Build what the tests of a tier need: engine, images, wheels and cluster: `python -m contrib.offline.prepare TIER`.

Each step prints its duration and does nothing if its result exists.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_ENGINE = ("contrib.offline.engine",)
_DOCKER = (
    ("contrib.offline.engine", "--platform", "docker"),
    ("contrib.offline.images",),
    ("contrib.offline.images.wheels",),
)
_CLUSTER = (("contrib.offline.engine", "--platform", "kubernetes"), ("contrib.offline.cluster", "build"))
STEPS: Mapping[str, Sequence[Sequence[str]]] = {
    "bare": (_ENGINE,),
    "docker": (_ENGINE, *_DOCKER),
    "kubernetes": (_ENGINE, *_DOCKER, *_CLUSTER),
    "all": (_ENGINE, *_DOCKER, *_CLUSTER),
}
"""By tier: the modules to run, with their arguments."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps of a tier; return the exit code of the first that fails."""
    parser = argparse.ArgumentParser(
        prog="python -m contrib.offline.prepare", description="Build what the tests of a tier need."
    )
    parser.add_argument("tier", choices=STEPS)
    for step in STEPS[parser.parse_args(arguments).tier]:
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-m", *step], cwd=PROJECT, stdout=subprocess.DEVNULL, check=False)
        outcome = "done" if done.returncode == 0 else f"failed with exit code {done.returncode}"
        print(f"prepare: {' '.join(step)}: {outcome} in {time.monotonic() - start:.0f} s", flush=True)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
