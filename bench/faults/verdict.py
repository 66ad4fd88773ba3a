"""The verdict on one trial."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The problems of one trial, the moment of its fault, and the errors that the user reads."""

    wrong: tuple[str, ...] = ()
    """Problems; empty if the trial ended as expected."""
    of_load: float | None = None
    """The share of the load that was over when the fault struck."""
    rows_there: int | None = None
    """Rows that another client found right after the fault, of the worker concerned or of all."""
    errors: str = ""
    """The errors that the user reads."""
