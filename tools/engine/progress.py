"""What a person waiting for the engine reads; standard output stays free for the answer."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Print one line to standard error at once."""
    print(f"engine: {line}", file=sys.stderr, flush=True)


def say_building(what: str, minutes: int) -> None:
    """Announce a build; `minutes` is what it takes on two cores from nothing."""
    say(f"building {what} from Go modules, about {minutes} minutes on two cores, less when Go has built it before")
