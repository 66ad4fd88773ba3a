"""The scalars of a generator's parameters: strict, because a schema that says something odd is better refused."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Strict

_NO_INSTANT = "is no instant; write one like 2024-01-31 or 2024-01-31T12:00:00Z"


def read_instant(value: object) -> datetime:
    """An instant in UTC out of `2024-01-31`, or a date and time as RFC 3339 writes it; without a zone it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(_NO_INSTANT) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError(_NO_INSTANT)
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError(_NO_INSTANT) from None


Whole = Annotated[int, Strict()]
"""A whole number: no text, no fraction, not `true`."""
Real = Annotated[float, Strict()]
"""A number: no text, not `true`."""


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is no number; write one like 9.99")
    return value


Exact = Annotated[Decimal, BeforeValidator(_no_flag)]
"""A decimal number, as a number or as text that keeps its digits."""
Instant = Annotated[datetime, BeforeValidator(read_instant)]
"""An instant in UTC, to the microsecond."""
