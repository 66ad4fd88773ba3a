"""The generators that a column may have: what a schema says about its values, as plain data.

Every model is one entry of the file's `generator:` mapping; `worker.generate` turns each into a function of the row
number. Bounds are inclusive. A distribution shapes which of the possible values come up, never which are possible.
"""

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, Strict, model_validator

from core.schema.placeholders import pattern_parts, template_parts
from core.schema.values import Exact, Instant, Real, Whole


def _with_known_placeholders(pattern: str) -> str:
    pattern_parts(pattern)
    return pattern


def _with_column_placeholders(template: str) -> str:
    template_parts(template)
    return template


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Uniform(_Parameters):
    """All values equally often."""

    type: Literal["uniform"] = "uniform"


UNIFORM = Uniform()


class Normal(_Parameters):
    """A bell cut off at the bounds; `mean` and `stddev` in the range's own unit, by default its middle and its sixth.

    The unit is a place, counted from 0, for a choice or a reference, and a second after the start for an instant.
    """

    type: Literal["normal"] = "normal"
    mean: Annotated[float, Strict()] | None = None
    stddev: Annotated[float, Strict(), Field(gt=0)] | None = None


class Zipf(_Parameters):
    """The value at place k (from 1, the least first) comes up in proportion to `k ** -exponent`."""

    type: Literal["zipf"] = "zipf"
    exponent: Annotated[float, Strict(), Field(gt=0, le=10)] = 1.0


def _named(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


Distribution = Annotated[Annotated[Uniform | Normal | Zipf, Field(discriminator="type")], BeforeValidator(_named)]


class _Generator(_Parameters):
    pass


class _Range(_Generator):
    """A generator between `min` and `max`, or between what it calls them."""

    _bounds: ClassVar[tuple[tuple[str, str], ...]] = (("min", "max"),)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, high in self._bounds:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} {getattr(self, low)} is above {high} {getattr(self, high)}; exchange them")
        return self


class Sequential(_Generator):
    """`start` plus the row number."""

    type: Literal["sequential"] = "sequential"
    start: Annotated[Whole, Field(ge=-(2**62), lt=2**62)] = 0


class UuidV4(_Generator):
    """A random UUID of version 4 (RFC 9562)."""

    type: Literal["uuid_v4"] = "uuid_v4"


class Ulid(_Generator):
    """A ULID whose time is the plan's base instant plus the row number in milliseconds, so that keys sort by row."""

    type: Literal["ulid"] = "ulid"


class Pattern(_Generator):
    """Text with `{index}` (the row number, from 0), `{uuid}` and `{rand:N}` (N digits, the first not 0)."""

    type: Literal["pattern"] = "pattern"
    pattern: Annotated[str, AfterValidator(_with_known_placeholders)]


class Template(_Generator):
    """Text with the placeholders `{column}`, filled from other columns of the same row; a NULL there is empty."""

    type: Literal["template"] = "template"
    template: Annotated[str, AfterValidator(_with_column_placeholders)]


class IntRange(_Range):
    """A whole number from `min` to `max`."""

    type: Literal["int_range"] = "int_range"
    min: Annotated[Whole, Field(ge=-(2**63), lt=2**63)]
    max: Annotated[Whole, Field(ge=-(2**63), lt=2**63)]
    distribution: Distribution = UNIFORM


class FloatRange(_Range):
    """A floating-point number from `min` to `max`."""

    type: Literal["float_range"] = "float_range"
    min: Annotated[Real, Field(ge=-1e300, le=1e300)]
    max: Annotated[Real, Field(ge=-1e300, le=1e300)]
    distribution: Distribution = UNIFORM


class DecimalRange(_Range):
    """An exact number from `min` to `max`, in steps of the column's last decimal place."""

    type: Literal["decimal_range"] = "decimal_range"
    min: Annotated[Exact, Field(ge=-(10**38), le=10**38)]
    max: Annotated[Exact, Field(ge=-(10**38), le=10**38)]
    distribution: Distribution = UNIFORM


class TimestampRange(_Range):
    """An instant from `start` to `end`, in whole milliseconds: what every target can store."""

    _bounds = (("start", "end"),)
    type: Literal["timestamp_range"] = "timestamp_range"
    start: Instant
    end: Instant
    distribution: Distribution = UNIFORM


class TimestampRecent(_Generator):
    """An instant within `days` before the plan's base instant, in whole milliseconds."""

    type: Literal["timestamp_recent"] = "timestamp_recent"
    days: Annotated[Whole, Field(ge=1, le=36_500)] = 365
    distribution: Distribution = UNIFORM


class TimestampNow(_Generator):
    """The plan's base instant plus the row number in milliseconds: a clock that sees a row each millisecond."""

    type: Literal["timestamp_now"] = "timestamp_now"


class DurationRange(_Range):
    """A duration from `min_secs` to `max_secs`, in whole seconds."""

    _bounds = (("min_secs", "max_secs"),)
    type: Literal["duration_range"] = "duration_range"
    min_secs: Annotated[Whole, Field(ge=0, le=10**11)]
    max_secs: Annotated[Whole, Field(ge=0, le=10**11)]
    distribution: Distribution = UNIFORM


class WeightedBool(_Generator):
    """True with the probability `true_weight`."""

    type: Literal["weighted_bool"] = "weighted_bool"
    true_weight: Annotated[Real, Field(ge=0, le=1)]


class OneOf(_Generator):
    """One of `values`: all equally often, or by `weights` (one each), or by a distribution over their places."""

    type: Literal["one_of"] = "one_of"
    values: Annotated[tuple[JsonValue, ...], Field(min_length=1)]
    weights: tuple[Annotated[Real, Field(ge=0)], ...] | None = None
    distribution: Distribution = UNIFORM

    @model_validator(mode="after")
    def _weighted(self) -> Self:
        if self.weights is None:
            return self
        if len(self.weights) != len(self.values):
            given, needed = len(self.weights), len(self.values)
            raise ValueError(f"has {given} weights for {needed} values; write one weight for each")
        if not math.fsum(self.weights) > 0:
            raise ValueError("has only weights of zero; write at least one above zero")
        if self.distribution.type != "uniform":
            raise ValueError("has weights and a distribution; write one of the two")
        return self


class SampleArray(_Range):
    """`min_length` to `max_length` values of `pool`, with repeats in an array and without in a set."""

    _bounds = (("min_length", "max_length"),)
    type: Literal["sample_array"] = "sample_array"
    pool: Annotated[tuple[JsonValue, ...], Field(min_length=1)]
    min_length: Annotated[Whole, Field(ge=0)] = 0
    max_length: Annotated[Whole, Field(ge=0, le=10_000)]


class Static(_Generator):
    """The same `value` in every row."""

    type: Literal["static"] = "static"
    value: JsonValue


class Null(_Generator):
    """NULL in every row."""

    type: Literal["null"] = "null"


class RandomBytes(_Range):
    """`min_length` to `max_length` random bytes."""

    _bounds = (("min_length", "max_length"),)
    type: Literal["random_bytes"] = "random_bytes"
    min_length: Annotated[Whole, Field(ge=0)] = 16
    max_length: Annotated[Whole, Field(ge=0, le=65_536)] = 16


class PointRange(_Range):
    """A point in a rectangle, to a millionth: by default any longitude (x) and latitude (y)."""

    _bounds = (("min_x", "max_x"), ("min_y", "max_y"))
    type: Literal["point_range"] = "point_range"
    min_x: Annotated[Real, Field(ge=-1e9, le=1e9)] = -180.0
    max_x: Annotated[Real, Field(ge=-1e9, le=1e9)] = 180.0
    min_y: Annotated[Real, Field(ge=-1e9, le=1e9)] = -90.0
    max_y: Annotated[Real, Field(ge=-1e9, le=1e9)] = 90.0


class PersonName(_Generator):
    """A first and a last name, from vocabularies that never change."""

    type: Literal["name"] = "name"


class Email(_Generator):
    """An address made of a name and the row number at a domain of RFC 2606, so that no two rows have the same."""

    type: Literal["email"] = "email"


class Faker(_Generator):
    """What a provider of the Faker library gives, from a vocabulary of `pool` values drawn once.

    With `unique` the vocabulary has no repeats.
    """

    type: Literal["faker"] = "faker"
    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    args: dict[str, JsonValue] = {}
    locale: Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?$")] = "en_US"
    unique: Annotated[bool, Strict()] = False
    pool: Annotated[Whole, Field(ge=1, le=1_000_000)] = 1000
    distribution: Distribution = UNIFORM


class Reference(_Generator):
    """The value of `column` in some row of `table`; with `distribution: zipf` the first rows come up most."""

    type: Literal["reference"] = "reference"
    table: str
    column: str
    distribution: Distribution = UNIFORM


Generator = Annotated[
    Sequential | UuidV4 | Ulid | Pattern | Template | IntRange | FloatRange | DecimalRange | TimestampRange | TimestampRecent
    | TimestampNow | DurationRange | WeightedBool | OneOf | SampleArray | Static | Null | RandomBytes | PointRange | PersonName
    | Email | Faker | Reference,
    Field(discriminator="type"),
]  # fmt: skip


def given_values(generator: _Generator) -> Sequence[JsonValue]:
    """Return the values that a schema names for a generator; none where the generator makes them."""
    match generator:
        case Static(value=value):
            return (value,)
        case OneOf(values=values):
            return values
        case SampleArray(pool=pool):
            return pool
        case _:
            return ()
