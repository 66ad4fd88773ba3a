"""What a fault's trials say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """One trial's."""

    wrong: tuple[str, ...] = ()
    """Empty where everything is as it should be."""
    of_load: float | None = None
    """The part of the load that was over when it happened."""
    rows_there: int | None = None
    """Of the worker that it happened to, or of all where it happened to all, right after it."""
    said: str = ""
    """What the user reads of it."""
