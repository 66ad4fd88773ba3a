"""Generate users and orders with one library call per value, for comparison in `bench.generate`."""

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from core.plan import BASE_INSTANT

Row = tuple[object, ...]
STATUSES = ("pending", "completed", "cancelled")
YEAR = timedelta(days=365)
_START = (BASE_INSTANT - YEAR).replace(tzinfo=None)


def faker_rows(count: int) -> Iterator[Row]:
    """Yield this many users, then this many orders, with Faker's providers."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(42)
    end = _START + YEAR
    for number in range(1, count + 1):
        yield number, fake.name(), fake.email(), fake.date_time_between(_START, end)
    for _ in range(count):
        yield (
            fake.uuid4(),
            fake.random_int(1, 10_000),
            fake.pydecimal(left_digits=4, right_digits=2, positive=True),
            fake.random_element(STATUSES),
        )


def mimesis_rows(count: int) -> Iterator[Row]:
    """Yield this many users, then this many orders, with Mimesis' providers or, where it has none, its random numbers."""
    from mimesis import Cryptographic, Datetime, Person
    from mimesis.locales import Locale
    from mimesis.random import Random

    person, dates, keys, numbers = Person(Locale.EN, seed=42), Datetime(seed=42), Cryptographic(seed=42), Random()
    numbers.seed(42)
    for number in range(1, count + 1):
        yield number, person.full_name(), person.email(), dates.datetime(start=2025, end=2025)
    for _ in range(count):
        amount = Decimal(numbers.randint(100, 999_999)) / 100
        yield keys.uuid(), numbers.randint(1, 10_000), amount, numbers.choice(STATUSES)


def standard_library_rows(count: int) -> Iterator[Row]:
    """Yield the rows that cost a row-by-row program least: Python's random numbers and no realistic names."""
    source = random.Random(42)
    for number in range(1, count + 1):
        moment: datetime = _START + timedelta(seconds=source.randrange(31_536_000))
        yield number, f"name {number}", f"user{number}@example.com", moment
    for _ in range(count):
        amount = Decimal(source.randrange(100, 1_000_000)) / 100
        yield (
            uuid.UUID(int=source.getrandbits(128), version=4),
            source.randint(1, 10_000),
            amount,
            source.choice(STATUSES),
        )


REFERENCES: dict[str, tuple[Callable[[int], Iterator[Row]], int]] = {
    "Faker, row by row": (faker_rows, 2_000),
    "Mimesis, row by row": (mimesis_rows, 10_000),
    "standard library, row by row": (standard_library_rows, 50_000),
}
"""The functions, each with the rows per table of one measurement: about half a second of work."""
