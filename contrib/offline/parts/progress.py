"""Progress messages of builds."""

from __future__ import annotations


def building(what: str, minutes: int) -> str:
    """Return the announcement of a build that takes `minutes` on two cores with empty caches."""
    return f"building {what} from Go modules, about {minutes} minutes on two cores, less when Go has built it before"
