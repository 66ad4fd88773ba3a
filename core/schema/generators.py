"""Models of the generators that a column may have, and of the distributions of their values.

Each model is the `generator:` mapping of a schema file; `worker.generate` turns it into a function of the row number.
Bounds are inclusive. A distribution changes how frequent each possible value is, never which values are possible.
"""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, Strict, model_validator

from core.errors import Problem
from core.schema.placeholders import pattern_parts, template_parts
from core.schema.values import Exact, Instant, Real, Whole


def _parsed_by(parse: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Uniform(_Model):
    """All values are equally likely."""

    type: Literal["uniform"] = "uniform"


UNIFORM = Uniform()


class Normal(_Model):
    """A normal distribution, cut off at the bounds.

    `mean` and `stddev` are in the unit of the range; their defaults are its middle and a sixth of its width. The unit is
    the position from 0 for choices and references, and seconds after the start for instants.
    """

    type: Literal["normal"] = "normal"
    mean: Annotated[float, Strict()] | None = None
    stddev: Annotated[float, Strict(), Field(gt=0)] | None = None


class Zipf(_Model):
    """The k-th value, counted from 1 at the smallest, has a probability proportional to `k ** -exponent`."""

    type: Literal["zipf"] = "zipf"
    exponent: Annotated[float, Strict(), Field(gt=0, le=10)] = 1.0


def _as_mapping(value: object) -> object:
    # In a file `distribution: zipf` is short for `distribution: {type: zipf}`.
    return {"type": value} if isinstance(value, str) else value


Distribution = Annotated[Annotated[Uniform | Normal | Zipf, Field(discriminator="type")], BeforeValidator(_as_mapping)]


class _Range(_Model):
    """A generator with bounds: `min` and `max`, or the pairs of fields in `_bounds`."""

    _bounds: ClassVar[tuple[tuple[str, str], ...]] = (("min", "max"),)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, high in self._bounds:
            if getattr(self, low) > getattr(self, high):
                raise Problem(f"{low} {getattr(self, low)} is above {high} {getattr(self, high)}", "swap them")
        return self


class Sequential(_Model):
    """`start` plus the row number."""

    type: Literal["sequential"] = "sequential"
    start: Annotated[Whole, Field(ge=-(2**62), lt=2**62)] = 0


class UuidV4(_Model):
    """A random UUID of version 4 (RFC 9562)."""

    type: Literal["uuid_v4"] = "uuid_v4"


class Ulid(_Model):
    """A ULID whose time is the plan's base instant plus the row number in milliseconds, so that keys sort by row."""

    type: Literal["ulid"] = "ulid"


class Pattern(_Model):
    """Text with `{index}` (the row number, from 0), `{uuid}` and `{rand:N}` (N digits, the first not 0)."""

    type: Literal["pattern"] = "pattern"
    pattern: Annotated[str, _parsed_by(pattern_parts)]


class Template(_Model):
    """Text with placeholders `{column}` for other columns of the same row; a NULL becomes an empty string."""

    type: Literal["template"] = "template"
    template: Annotated[str, _parsed_by(template_parts)]


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
    """An instant from `start` to `end`, in whole milliseconds, which every store keeps exactly."""

    _bounds = (("start", "end"),)
    type: Literal["timestamp_range"] = "timestamp_range"
    start: Instant
    end: Instant
    distribution: Distribution = UNIFORM


class TimestampRecent(_Model):
    """An instant within `days` before the plan's base instant, in whole milliseconds."""

    type: Literal["timestamp_recent"] = "timestamp_recent"
    days: Annotated[Whole, Field(ge=1, le=36_500)] = 365
    distribution: Distribution = UNIFORM


class TimestampNow(_Model):
    """The plan's base instant plus the row number in milliseconds."""

    type: Literal["timestamp_now"] = "timestamp_now"


class DurationRange(_Range):
    """A duration from `min_secs` to `max_secs`, in whole seconds."""

    _bounds = (("min_secs", "max_secs"),)
    type: Literal["duration_range"] = "duration_range"
    min_secs: Annotated[Whole, Field(ge=0, le=10**11)]
    max_secs: Annotated[Whole, Field(ge=0, le=10**11)]
    distribution: Distribution = UNIFORM


class WeightedBool(_Model):
    """True with the probability `true_weight`."""

    type: Literal["weighted_bool"] = "weighted_bool"
    true_weight: Annotated[Real, Field(ge=0, le=1)]


class OneOf(_Model):
    """One of `values`: equally likely, by `weights` (one for each), or by a distribution over their positions."""

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
            raise Problem(f"has {given} weights for {needed} values", "write one weight for each")
        if not math.fsum(self.weights) > 0:
            raise Problem("has only weights of zero", "write at least one above zero")
        if self.distribution.type != "uniform":
            raise Problem("has weights and a distribution", "write one of the two")
        return self


class SampleArray(_Range):
    """`min_length` to `max_length` values of `pool`; an array may repeat a value, a set may not."""

    _bounds = (("min_length", "max_length"),)
    type: Literal["sample_array"] = "sample_array"
    pool: Annotated[tuple[JsonValue, ...], Field(min_length=1)]
    min_length: Annotated[Whole, Field(ge=0)] = 0
    max_length: Annotated[Whole, Field(ge=0, le=10_000)]


class Static(_Model):
    """The same `value` in every row."""

    type: Literal["static"] = "static"
    value: JsonValue


class Null(_Model):
    """NULL in every row."""

    type: Literal["null"] = "null"


class RandomBytes(_Range):
    """`min_length` to `max_length` random bytes."""

    _bounds = (("min_length", "max_length"),)
    type: Literal["random_bytes"] = "random_bytes"
    min_length: Annotated[Whole, Field(ge=0)] = 16
    max_length: Annotated[Whole, Field(ge=0, le=65_536)] = 16


class PointRange(_Range):
    """A point in a rectangle, rounded to six decimal places; by default any longitude (x) and latitude (y)."""

    _bounds = (("min_x", "max_x"), ("min_y", "max_y"))
    type: Literal["point_range"] = "point_range"
    min_x: Annotated[Real, Field(ge=-1e9, le=1e9)] = -180.0
    max_x: Annotated[Real, Field(ge=-1e9, le=1e9)] = 180.0
    min_y: Annotated[Real, Field(ge=-1e9, le=1e9)] = -90.0
    max_y: Annotated[Real, Field(ge=-1e9, le=1e9)] = 90.0


class PersonName(_Model):
    """A first and a last name, from vocabularies that never change."""

    type: Literal["name"] = "name"


class Email(_Model):
    """A unique email address: a name and the row number at an example domain (RFC 2606)."""

    type: Literal["email"] = "email"


class Faker(_Model):
    """One of `pool` values that a provider of the Faker library generates once per column.

    With `unique` the pool has no repeated values.
    """

    type: Literal["faker"] = "faker"
    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    args: dict[str, JsonValue] = {}
    locale: Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?$")] = "en_US"
    unique: Annotated[bool, Strict()] = False
    pool: Annotated[Whole, Field(ge=1, le=1_000_000)] = 1000
    distribution: Distribution = UNIFORM


class Reference(_Model):
    """The value of `column` in a random row of `table`; with `distribution: zipf` the first rows are the most frequent."""

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


def given_values(generator: Generator) -> Sequence[JsonValue]:
    """Return the values that the schema lists for a generator; empty for generators that compute their values."""
    match generator:
        case Static(value=value):
            return (value,)
        case OneOf(values=values):
            return values
        case SampleArray(pool=pool):
            return pool
        case _:
            return ()
