"""Vocabularies out of the Faker library: drawn once, then gathered from like any other list.

Their values are pinned by the version of Faker as well as by the seed. Providers that look at the clock are refused,
since their values would differ from day to day.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import JsonValue

from core.schema.generators import Faker
from worker.generate.constants import gathered, vocabulary
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import Stream

_ATTEMPTS = 20
"""A vocabulary without repeats is given up after so many draws for each of its values."""
_BY_THE_CLOCK = frozenset({"credit_card_expire", "credit_card_full", "profile", "simple_profile"})
_CLOCK_MODULES = ("faker.providers.date_time", "faker.providers.passport")


def faker(site: Site, generator: Faker) -> ColumnFunction:
    """A value of the vocabulary; raises SchemaError for a provider, argument or locale that Faker does not have."""
    try:
        words = _words(
            generator.provider,
            generator.locale,
            json.dumps(generator.args),
            generator.pool,
            generator.unique,
            site.seed,
        )
        values = vocabulary(words, site.column.type)
    except ValueError as error:
        problem, _, remedy = str(error).partition("; ")
        raise site.error("generator.faker", generator.provider, problem, remedy) from None
    distinct = len(values)
    if site.column.unique and (distinct < site.rows or len(set(values.to_pylist())) < distinct):
        remedy = f"write unique: true and pool: {site.rows} in the generator, ask for fewer rows, or drop unique"
        raise site.error("unique", generator.provider, f"has a vocabulary too small for {site.rows:,} rows", remedy)
    return gathered(values, sampler(site, distinct, generator.distribution))


@lru_cache(maxsize=128)
def _words(provider: str, locale: str, arguments: str, pool: int, unique: bool, seed: int) -> tuple[object, ...]:
    """`pool` values; the same for the same parameters and version of Faker. Raises ValueError, `problem; remedy`."""
    import faker as library

    try:
        source = library.Faker(locale)
    except (AttributeError, ImportError):
        raise ValueError(f"has no locale {locale}; write one of Faker's, like en_US or de_DE") from None
    draw = _method(source, provider, json.loads(arguments))
    source.seed_instance(Stream.of(seed, provider, locale, arguments).key)
    values = (draw() for _ in iter(int, 1))
    if not unique:
        return tuple(islice(values, pool))
    distinct = tuple(islice(_distinct(islice(values, pool * _ATTEMPTS)), pool))
    if len(distinct) < pool:
        raise ValueError(
            f"gives only {len(distinct)} different values, not {pool}; write pool: {len(distinct)} or less"
        )
    return distinct


def _method(source: Any, provider: str, arguments: Mapping[str, JsonValue]) -> Callable[[], object]:
    owner = next((own for own in source.get_providers() if callable(getattr(own, provider, None))), None)
    if owner is None or provider in dir(object):
        raise ValueError("is no provider of Faker in this locale; write one like job, city, company or user_agent")
    if provider in _BY_THE_CLOCK or type(owner).__module__.startswith(_CLOCK_MODULES):
        raise ValueError("looks at the clock, so its values would change; use timestamp_range or timestamp_recent")
    method = getattr(source, provider)
    try:
        method(**arguments)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything on arguments that a user wrote
        text = " ".join(str(error).split()).replace(";", ",")
        raise ValueError(f"does not take the args {json.dumps(arguments)}: {text}; correct the args") from None
    return lambda: method(**arguments)


def _distinct(values: Iterator[object]) -> Iterator[object]:
    seen: set[str] = set()
    for value in values:
        if repr(value) not in seen:
            seen.add(repr(value))
            yield value
