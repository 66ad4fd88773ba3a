"""What a person waiting for a part reads."""

from __future__ import annotations


def building(what: str, minutes: int) -> str:
    """The announcement of a build; `minutes` is what it takes on two cores from nothing."""
    return f"building {what} from Go modules, about {minutes} minutes on two cores, less when Go has built it before"
