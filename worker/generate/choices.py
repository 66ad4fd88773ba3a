"""Values chosen from a list: the schema's own, the rows of another table, frozen names, or words from Faker."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import JsonValue

from core.errors import Problem
from core.schema.generators import Email, Faker, Null, OneOf, PersonName, Reference, Static
from core.schema.types import DataType
from core.schema.values import read_value
from core.text import one_line
from worker.arrow import arrow_type
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.sampler import Sampler, sampler, weighted_sampler
from worker.generate.stream import U64, RowNumbers, Stream

_DOMAINS = ("@example.com", "@example.net", "@example.org", "@mail.example.com")
_ATTEMPTS = 20
"""The number of draws per value after which a vocabulary with `unique` is refused."""
_BY_THE_CLOCK = frozenset({"credit_card_expire", "credit_card_full", "profile", "simple_profile"})
_CLOCK_MODULES = ("faker.providers.date_time", "faker.providers.passport")


def vocabulary(values: Iterable[object], type_: DataType) -> pa.Array:
    """Return values of the schema as an array of the column's type."""
    return pa.array([read_value(value, type_) for value in values], arrow_type(type_))


def select(values: pa.Array, sample: Sampler) -> ColumnFunction:
    """Return a function that selects, for each row, the value at the row's ordinal."""
    return lambda rows: values.take(pa.array(sample(rows).astype(np.int32)))


def one_of(context: ColumnContext, generator: OneOf) -> ColumnFunction:
    """Return one of the listed values per row, by weights or by a distribution."""
    values = vocabulary(generator.values, context.column.type)
    if generator.weights is not None:
        return select(values, weighted_sampler(context, generator.weights))
    return select(values, sampler(context, len(values), generator.distribution))


def static(context: ColumnContext, generator: Static) -> ColumnFunction:
    """Return the same value for all rows."""
    values = vocabulary([generator.value], context.column.type)
    return lambda rows: values.take(pa.array(np.zeros(len(rows), np.int8)))


def null(context: ColumnContext, _: Null) -> ColumnFunction:
    """Return NULL for all rows."""
    arrow = arrow_type(context.column.type)
    return lambda rows: pa.nulls(len(rows), arrow)


def reference(context: ColumnContext, generator: Reference) -> ColumnFunction:
    """Return the parent's column at one of its rows. If this column is unique, use each row of the parent once."""
    parent = context.function_of(generator.table, generator.column)
    if not context.rows:
        return parent
    sample = sampler(context, context.rows, generator.distribution)
    return lambda rows: parent(sample(rows))


def person_name(context: ColumnContext, _: PersonName) -> ColumnFunction:
    """Return one of all pairs of a first and a last name."""
    names = _name_pairs(" ")
    return select(names, sampler(context, len(names)))


def email(context: ColumnContext, _: Email) -> ColumnFunction:
    """Return addresses of `first.last`, the row number counted from 1, and a domain.

    The number alone makes the address unique, because no name contains a digit.
    """
    local_parts, domains = _name_pairs("."), pa.array(_DOMAINS)
    name = select(local_parts, sampler(context, len(local_parts), purpose="local part"))
    domain = select(domains, sampler(context, len(domains), purpose="domain"))
    return lambda rows: pc.binary_join_element_wise(name(rows), _counts(rows), domain(rows), "")


def _counts(rows: RowNumbers) -> pa.Array:
    return pa.array(rows + U64(1)).cast(pa.string())


@cache
def _name_pairs(separator: str) -> pa.Array:
    """Return all 65,536 pairs of names; in lower case for addresses, whose separator is a dot."""
    first, last = _word_list("first_names.txt"), _word_list("last_names.txt")
    one, other = np.divmod(np.arange(len(first) * len(last)), len(last))
    pairs = pc.binary_join_element_wise(first.take(pa.array(one)), last.take(pa.array(other)), separator)
    return pc.utf8_lower(pairs) if separator == "." else pairs


def _word_list(name: str) -> pa.Array:
    return pa.array(files("worker.generate.vocabularies").joinpath(name).read_text("utf-8").split("\n")[:-1])


def faker(context: ColumnContext, generator: Faker) -> ColumnFunction:
    """Return one value per row from a vocabulary, which Faker draws once.

    The values are pinned by the version of Faker and the seed. Raises SchemaError for an unknown provider, argument or
    locale, and for a provider that reads the clock, because its values would differ from day to day.
    """
    try:
        words = _faker_values(
            generator.provider,
            generator.locale,
            json.dumps(generator.args),
            generator.pool,
            generator.unique,
            context.seed,
        )
        values = vocabulary(words, context.column.type)
    except Problem as found:
        raise context.error("generator.faker", generator.provider, found.problem, found.remedy) from None
    distinct = len(values)
    if context.column.unique and (distinct < context.rows or len(set(values.to_pylist())) < distinct):
        remedy = f"write unique: true and pool: {context.rows} in the generator, load fewer rows, or drop unique"
        raise context.error(
            "unique", generator.provider, f"has a vocabulary too small for {context.rows:,} rows", remedy
        )
    return select(values, sampler(context, distinct, generator.distribution))


@lru_cache(maxsize=128)
def _faker_values(provider: str, locale: str, arguments: str, pool: int, unique: bool, seed: int) -> tuple[object, ...]:
    """Return `pool` values. Equal parameters and versions of Faker give equal values. Raises Problem."""
    import faker as library

    try:
        source = library.Faker(locale)
    except (AttributeError, ImportError):
        raise Problem(f"has no locale {locale}", "write one of Faker's, like en_US or de_DE") from None
    draw = _method(source, provider, json.loads(arguments))
    source.seed_instance(Stream.of(seed, provider, locale, arguments).key)
    values = (draw() for _ in iter(int, 1))
    if not unique:
        return tuple(islice(values, pool))
    distinct = tuple(islice(_distinct(islice(values, pool * _ATTEMPTS)), pool))
    if len(distinct) < pool:
        raise Problem(f"has only {len(distinct)} different values, not {pool}", f"write pool: {len(distinct)} or less")
    return distinct


def _method(source: Any, provider: str, arguments: Mapping[str, JsonValue]) -> Callable[[], object]:
    owner = next((own for own in source.get_providers() if callable(getattr(own, provider, None))), None)
    if owner is None or provider in dir(object):
        raise Problem("is not a provider of Faker in this locale", "write one like job, city, company or user_agent")
    if provider in _BY_THE_CLOCK or type(owner).__module__.startswith(_CLOCK_MODULES):
        raise Problem("reads the clock, so its values would change", "use timestamp_range or timestamp_recent")
    method = getattr(source, provider)
    try:
        method(**arguments)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything on arguments that a user wrote
        text = one_line(error).replace(";", ",")
        raise Problem(f"does not take the args {json.dumps(arguments)}: {text}", "correct the args") from None
    return lambda: method(**arguments)


def _distinct(values: Iterator[object]) -> Iterator[object]:
    seen: set[str] = set()
    for value in values:
        if repr(value) not in seen:
            seen.add(repr(value))
            yield value
