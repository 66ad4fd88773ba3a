"""About how many bytes a cell has as text, before anything is generated: what a plan needs to judge memory and disks."""

import json
import re
from collections.abc import Sequence
from statistics import fmean

from pydantic import JsonValue

from spec.generators import (
    DecimalRange,
    Email,
    Faker,
    FloatRange,
    Generator,
    IntRange,
    Null,
    OneOf,
    Pattern,
    PersonName,
    RandomBytes,
    SampleArray,
    Sequential,
    Static,
    Template,
)
from spec.types import DataType, Kind

_BY_KIND = {
    Kind.BOOL: 5.0,
    Kind.FLOAT32: 9.0,
    Kind.FLOAT64: 17.0,
    Kind.DATE: 10.0,
    Kind.TIME: 12.0,
    Kind.DATETIME: 23.0,
    Kind.TIMESTAMP: 23.0,
    Kind.TIMESTAMP_TZ: 24.0,
    Kind.UUID: 36.0,
    Kind.ULID: 26.0,
    Kind.DURATION: 8.0,
    Kind.POINT: 24.0,
}
_ROW_NUMBER_DIGITS = 6.0
_PLACEHOLDER = re.compile(r"\{(index|uuid|rand:(\d+))\}")


def estimated_bytes(type_: DataType, generator: Generator) -> float:
    """The mean number of bytes of a cell as text, to about a quarter."""
    match generator:
        case Null():
            return 0.0
        case Static(value=value):
            return _text_bytes([value])
        case OneOf(values=values):
            return _text_bytes(values)
        case SampleArray(pool=pool, min_length=shortest, max_length=longest):
            return 2.0 + (shortest + longest) / 2 * (_text_bytes(pool) + 1.0)
        case Sequential():
            return _ROW_NUMBER_DIGITS
        case Pattern(pattern=pattern):
            return _pattern_bytes(pattern)
        case Template(template=template):
            return len(template.encode())
        case PersonName():
            return 13.0
        case Email():
            return 31.0
        case Faker():
            return _BY_KIND.get(type_.kind, 16.0)
        case IntRange() | DecimalRange() | FloatRange() if type_.kind not in _BY_KIND:
            scale = type_.scale or 0
            return len(str(int(max(abs(generator.min), abs(generator.max))))) + (scale + 1 if scale else 0)
        case RandomBytes():
            return float(generator.min_length + generator.max_length)
        case _:
            return _BY_KIND.get(type_.kind, 8.0)


def _text_bytes(values: Sequence[JsonValue]) -> float:
    return fmean(len((value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode()) for value in values)


def _pattern_bytes(pattern: str) -> float:
    random_digits = sum(float(digits) for _, digits in _PLACEHOLDER.findall(pattern) if digits)
    literal = len(_PLACEHOLDER.sub("", pattern).encode())
    return literal + random_digits + pattern.count("{uuid}") * 36.0 + pattern.count("{index}") * _ROW_NUMBER_DIGITS
