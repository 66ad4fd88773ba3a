"""Convert values from a schema file or from Faker to values of a column's type.

Functions raise Problem; the caller adds the location.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Annotated

from pydantic import BeforeValidator, JsonValue, Strict

from core.errors import Problem
from core.schema.types import INTEGER_BITS, DataType, Kind
from core.text import listed

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""For decimals: the interpreter's own context rounds to 28 digits, and a column may have 38."""
_NOT_AN_INSTANT = ("is not a valid instant", "write one like 2024-01-31 or 2024-01-31T12:00:00Z")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def read_value(value: object, type_: DataType) -> object:
    """Return the Python value that Arrow accepts for this type; None stays None. Raises Problem."""
    return None if value is None else _READERS[type_.kind](value, type_)


def read_instant(value: object) -> datetime:
    """Return an instant in UTC from a date like `2024-01-31` or a date and time (RFC 3339); the default zone is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise Problem(*_NOT_AN_INSTANT) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise Problem(*_NOT_AN_INSTANT)
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise Problem(*_NOT_AN_INSTANT) from None


def integer_bounds(kind: Kind) -> tuple[int, int]:
    """Return the smallest and the largest number of an integer kind."""
    half = 1 << (INTEGER_BITS[kind] - 1)
    return -half, half - 1


def largest_decimal(type_: DataType) -> Decimal:
    """Return the largest number of a decimal type."""
    assert type_.precision is not None  # noqa: S101 - DataType has checked it
    assert type_.scale is not None  # noqa: S101
    return Decimal(10**type_.precision - 1).scaleb(-type_.scale, context=EXACT)


def _bool(value: object, _: DataType) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Problem("is neither true nor false", "write true or false")


def _integer(value: object, type_: DataType) -> int:
    low, high = integer_bounds(type_.kind)
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"[-+]?[0-9]{1,20}", str(value)):
        raise Problem("is not a whole number", "write digits")
    number = int(value)
    if not low <= number <= high:
        raise Problem(f"does not fit {type_.kind}", f"write a number from {low} to {high}, or choose a wider type")
    return number


def _float(value: object, _: DataType) -> float:
    if not isinstance(value, bool) and isinstance(value, int | float | str | Decimal):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = float("nan")
        if abs(number) < float("inf"):
            return number
    raise Problem("is not a finite number", "write one like 1.5")


def _decimal(value: object, type_: DataType) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Problem("is not a number", "write one like 9.99")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Problem("is not a number", "write one like 9.99") from None
    if not number.is_finite() or number.copy_abs() > largest_decimal(type_):
        raise Problem(f"does not fit decimal({type_.precision},{type_.scale})", "write a smaller number")
    unit = Decimal(1).scaleb(-(type_.scale or 0))
    rounded = number.quantize(unit, context=EXACT)
    if rounded != number:
        raise Problem(f"has more than {type_.scale} decimal places", "round it, or choose a greater scale")
    return rounded


def _text(value: object, type_: DataType) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    if type_.length is not None and len(text) > type_.length:
        raise Problem(
            f"has {len(text)} characters, but the type holds {type_.length}", "shorten it, or lengthen the type"
        )
    return text


def _enum(value: object, type_: DataType) -> str:
    if value not in type_.values:
        raise Problem("is not a value of the type", f"write one of {listed(type_.values)}")
    return str(value)


def _set(value: object, type_: DataType) -> list[str]:
    items = value if isinstance(value, list | tuple) else [value]
    chosen = {_enum(item, type_) for item in items}
    if len(chosen) != len(items):
        raise Problem("contains a duplicate", "write each once")
    return [item for item in type_.values if item in chosen]


def _ulid(value: object, _: DataType) -> str:
    text = str(value).upper()
    if not _ULID.fullmatch(text):
        raise Problem("is not a ULID", "write its 26 characters, like 01ARZ3NDEKTSV4RRFFQ69G5FAV")
    return text


def canonical_json(value: object, _: DataType | None = None) -> str:
    """Return JSON without spaces and with sorted keys, so that equal documents have equal texts."""
    try:
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise Problem("cannot be written as JSON", "write texts, finite numbers, lists and mappings") from None


def _binary(value: object, _: DataType) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise Problem("is not text", "write text, which is stored as UTF-8")


def _uuid(value: object, _: DataType) -> bytes:
    try:
        return (value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))).bytes
    except ValueError:
        raise Problem("is not a UUID", "write one like 6ba7b810-9dad-41d1-80b4-00c04fd430c8") from None


def _date(value: object, _: DataType) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return read_instant(value).date()


def _time(value: object, _: DataType) -> time:
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    try:
        return time.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        raise Problem("is not a time of day", "write one like 23:59:59") from None


def _naive(value: object, _: DataType) -> datetime:
    return read_instant(value).astimezone(UTC).replace(tzinfo=None)


def _zoned(value: object, _: DataType) -> datetime:
    return read_instant(value)


def _duration(value: object, _: DataType) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 10**11:
        raise Problem("is not a duration", "write its seconds, like 90 or 0.5")
    return timedelta(seconds=value)


def _point(value: object, type_: DataType) -> dict[str, float]:
    if isinstance(value, dict) and value.get("type") == "Point":
        value = value.get("coordinates")
    if isinstance(value, dict) and set(value) == {"x", "y"}:
        value = [value["x"], value["y"]]
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"x": _float(value[0], type_), "y": _float(value[1], type_)}
    raise Problem("is not a point", "write {x: 13.4, y: 52.5}")


def _array(value: object, type_: DataType) -> list[object]:
    assert type_.element is not None  # noqa: S101 - DataType has checked it
    if not isinstance(value, list | tuple):
        raise Problem("is not a list", "write one like [1, 2]")
    if any(item is None for item in value):
        raise Problem("contains a null, which is not allowed in an array", "leave it out")
    return [read_value(item, type_.element) for item in value]


_READERS: Mapping[Kind, Callable[[object, DataType], object]] = {
    Kind.BOOL: _bool,
    **dict.fromkeys(INTEGER_BITS, _integer),
    Kind.FLOAT32: _float,
    Kind.FLOAT64: _float,
    Kind.DECIMAL: _decimal,
    Kind.CHAR: _text,
    Kind.VARCHAR: _text,
    Kind.TEXT: _text,
    Kind.BLOB: _binary,
    Kind.BYTES: _binary,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATETIME: _naive,
    Kind.TIMESTAMP: _naive,
    Kind.TIMESTAMP_TZ: _zoned,
    Kind.JSON: canonical_json,
    Kind.JSONB: canonical_json,
    Kind.UUID: _uuid,
    Kind.ULID: _ulid,
    Kind.ARRAY: _array,
    Kind.ENUM: _enum,
    Kind.SET: _set,
    Kind.DURATION: _duration,
    Kind.POINT: _point,
}


def document_of(value: JsonValue) -> JsonValue:
    """Return a document from its value or its JSON text."""
    if not isinstance(value, str):
        return value
    try:
        document: JsonValue = json.loads(value)
    except ValueError:
        return value
    return document


def items_of(value: JsonValue) -> Iterator[JsonValue]:
    """Yield the values of an object or array; yield nothing for other documents."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


Whole = Annotated[int, Strict()]
"""A whole number: no text, no fraction, not `true`."""
Real = Annotated[float, Strict()]
"""A number: no text, not `true`."""


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise Problem("is not a number", "write one like 9.99")
    return value


Exact = Annotated[Decimal, BeforeValidator(_no_flag)]
"""A decimal number, as a number or as text that keeps its digits."""
Instant = Annotated[datetime, BeforeValidator(read_instant)]
"""An instant in UTC, to the microsecond."""
