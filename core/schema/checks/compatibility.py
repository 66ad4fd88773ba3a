"""Check that a generator can fill a type, and that its bounds and values fit.

Functions raise Problem; the caller adds the location.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from pydantic import BaseModel, JsonValue

from core.errors import Problem
from core.schema import generators as g
from core.schema.placeholders import Digits, Index, Literal, PatternPart, pattern_parts
from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INSTANTS, INTEGERS, LISTS, TEXTS, DataType, Kind
from core.schema.values import EXACT, integer_bounds, largest_decimal, read_value
from core.text import abbreviated

ALL = frozenset(Kind)

FITTING: Mapping[type[BaseModel], frozenset[Kind]] = {
    g.Sequential: INTEGERS | TEXTS | {Kind.DECIMAL},
    g.UuidV4: TEXTS | BINARIES | DOCUMENTS | {Kind.UUID},
    g.Ulid: TEXTS | {Kind.ULID},
    g.Pattern: TEXTS | BINARIES | DOCUMENTS,
    g.Template: TEXTS,
    g.IntRange: INTEGERS | FLOATS | DOCUMENTS | {Kind.DECIMAL},
    g.FloatRange: FLOATS | {Kind.DECIMAL},
    g.DecimalRange: FLOATS | {Kind.DECIMAL},
    g.TimestampRange: INSTANTS,
    g.TimestampRecent: INSTANTS,
    g.TimestampNow: INSTANTS,
    g.DurationRange: frozenset({Kind.DURATION}),
    g.WeightedBool: INTEGERS | DOCUMENTS | {Kind.BOOL},
    g.OneOf: ALL,
    g.SampleArray: DOCUMENTS | LISTS,
    g.Static: ALL,
    g.Null: ALL,
    g.RandomBytes: BINARIES,
    g.PointRange: frozenset({Kind.POINT}),
    g.PersonName: TEXTS,
    g.Email: TEXTS,
    g.Faker: ALL - LISTS - {Kind.POINT},
    g.Reference: ALL,
}
"""The kinds that each generator can fill; a reference has the type of its parent, which is checked there."""
_LONGEST_FIXED: Mapping[type[BaseModel], int] = {g.UuidV4: 36, g.Ulid: 26, g.PersonName: 24, g.Email: 60}
_UUID_LENGTH = 36
_LARGEST_FLOAT32 = 3.4e38


def check_fit(type_: DataType, generator: g.Generator, *, nullable: bool) -> None:
    """Raise Problem unless all values of the generator are values of the type; NULL needs a nullable column."""
    kind = type_.kind
    if kind not in FITTING[type(generator)]:
        fitting = [model.model_fields["type"].default for model, kinds in FITTING.items() if kind in kinds]
        raise Problem(f"cannot fill {kind}", f"write one of {', '.join(fitting)}")
    _check_length(type_, generator)
    check = _CHECKS.get(type(generator))
    if check is not None:
        check(type_, generator, nullable)
    if isinstance(distribution := getattr(generator, "distribution", None), g.Normal):
        _check_mean(generator, distribution)


def decimal_units(type_: DataType, low: Decimal | float, high: Decimal | float) -> tuple[int, int]:
    """Return the bounds in units of the last decimal place, rounded inwards; raises Problem if they do not fit the type."""
    largest, scale = largest_decimal(type_), type_.scale or 0
    lowest, highest = Decimal(str(low)), Decimal(str(high))
    for bound in (lowest, highest):
        if bound.copy_abs() > largest:
            problem = f"reaches {bound}, which does not fit decimal({type_.precision},{scale})"
            raise Problem(problem, f"write bounds within {largest}")
    units = (
        int(lowest.scaleb(scale, context=EXACT).to_integral_value(ROUND_CEILING)),
        int(highest.scaleb(scale, context=EXACT).to_integral_value(ROUND_FLOOR)),
    )
    if units[0] > units[1]:
        raise Problem(f"has no value with {scale} decimal places between {low} and {high}", "widen the bounds")
    return units


def fixed_length(pattern: str) -> int:
    """Return the length of a pattern without its row numbers."""
    return sum(_part_length(part) for part in pattern_parts(pattern))


def _part_length(part: PatternPart) -> int:
    match part:
        case Literal(text=text):
            return len(text)
        case Digits(count=count):
            return count
        case Index():
            return 0
        case _:
            return _UUID_LENGTH


def _check_length(type_: DataType, generator: g.Generator) -> None:
    if type_.length is None:
        return
    needed = _LONGEST_FIXED.get(type(generator), 0)
    if isinstance(generator, g.Pattern):
        needed = fixed_length(generator.pattern)
    if needed > type_.length:
        raise Problem(f"needs {needed} characters, but the type holds {type_.length}", "lengthen the type")


def _check_sequential(type_: DataType, generator: g.Sequential, _: bool) -> None:
    _check_whole(type_, [generator.start])
    if type_.kind in TEXTS and generator.start < 0:
        raise Problem(
            f"starts at {generator.start}, but numbers in a text column start at 0 or more", "write start: 0 or more"
        )


def _check_int_range(type_: DataType, generator: g.IntRange, _: bool) -> None:
    _check_whole(type_, [generator.min, generator.max])


def _check_whole(type_: DataType, numbers: Iterable[int]) -> None:
    for number in numbers:
        if type_.kind in INTEGERS:
            low, high = integer_bounds(type_.kind)
            if not low <= number <= high:
                raise Problem(
                    f"reaches {number}, beyond {type_.kind}", f"stay within {low} and {high}, or widen the type"
                )
        elif type_.kind is Kind.DECIMAL:
            decimal_units(type_, number, number)


def _check_fraction(type_: DataType, generator: g.FloatRange | g.DecimalRange, _: bool) -> None:
    if type_.kind is Kind.DECIMAL:
        decimal_units(type_, generator.min, generator.max)
    elif type_.kind is Kind.FLOAT32 and max(-float(generator.min), float(generator.max)) > _LARGEST_FLOAT32:
        raise Problem(f"reaches beyond {_LARGEST_FLOAT32}, the largest float", "write double, or narrow the range")


def _check_values(type_: DataType, values: Iterable[JsonValue], nullable: bool) -> None:
    for value in values:
        if value is None and not nullable:
            raise Problem("has a null in a column without NULLs", "write nullable: true")
        try:
            read_value(value, type_)
        except Problem as found:
            raise Problem(
                f"has the value {abbreviated(repr(value), 40)}, which {found.problem}", found.remedy
            ) from None


def _check_sample(type_: DataType, generator: g.SampleArray, _: bool) -> None:
    if type_.kind is Kind.SET:
        _check_values(type_, [[value] for value in generator.pool], nullable=False)
        if len(set(map(repr, generator.pool))) < len(generator.pool):
            raise Problem("has a value twice in its pool", "write each once")
        if generator.max_length > len(generator.pool):
            raise Problem(
                f"has max_length {generator.max_length}, but a pool of only {len(generator.pool)}", "lower it"
            )
    elif type_.kind is Kind.ARRAY and type_.element is not None:
        _check_values(type_.element, generator.pool, nullable=False)


def _check_null(_: DataType, __: g.Null, nullable: bool) -> None:
    if not nullable:
        raise Problem("generates NULL in a column without NULLs", "write nullable: true")


_CHECKS: Mapping[type[BaseModel], Callable[[DataType, Any, bool], None]] = {
    g.Sequential: _check_sequential,
    g.IntRange: _check_int_range,
    g.FloatRange: _check_fraction,
    g.DecimalRange: _check_fraction,
    g.OneOf: lambda type_, choice, nullable: _check_values(type_, choice.values, nullable),
    g.Static: lambda type_, static, nullable: _check_values(type_, [static.value], nullable),
    g.SampleArray: _check_sample,
    g.Null: _check_null,
}


def _check_mean(generator: g.Generator, normal: g.Normal) -> None:
    bounds = _mean_bounds(generator)
    if normal.mean is not None and bounds is not None and not bounds[0] <= normal.mean <= bounds[1]:
        raise Problem(f"has the mean {normal.mean} outside its range", f"write one from {bounds[0]} to {bounds[1]}")


def _mean_bounds(generator: g.Generator) -> tuple[float, float] | None:
    match generator:
        case g.IntRange() | g.FloatRange() | g.DecimalRange():
            return float(generator.min), float(generator.max)
        case g.DurationRange():
            return generator.min_secs, generator.max_secs
        case g.TimestampRange():
            return 0, (generator.end - generator.start).total_seconds()
        case g.TimestampRecent():
            return 0, generator.days * 86_400
        case g.OneOf():
            return 0, len(generator.values) - 1
        case g.Faker():
            return 0, generator.pool - 1
        case _:
            return None
