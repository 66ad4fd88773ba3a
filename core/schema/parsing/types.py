"""Parse types: a word (`big_int`, `bigint`, `int64`), a word with parameters (`varchar(50)`), or a mapping."""

import re
from collections.abc import Callable

from core.schema.location import Location, remedy_for
from core.schema.parsing.block import Block
from core.schema.types import DataType, Kind

_WORDS = {
    "bool": Kind.BOOL, "boolean": Kind.BOOL,
    "tiny_int": Kind.INT8, "int8": Kind.INT8,
    "small_int": Kind.INT16, "int16": Kind.INT16,
    "int": Kind.INT32, "integer": Kind.INT32, "int32": Kind.INT32,
    "big_int": Kind.INT64, "int64": Kind.INT64,
    "float": Kind.FLOAT32, "float32": Kind.FLOAT32,
    "double": Kind.FLOAT64, "float64": Kind.FLOAT64,
    "decimal": Kind.DECIMAL, "numeric": Kind.DECIMAL,
    "char": Kind.CHAR,
    "var_char": Kind.VARCHAR,
    "text": Kind.TEXT, "string": Kind.TEXT,
    "blob": Kind.BLOB,
    "bytes": Kind.BYTES,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "date_time": Kind.DATETIME, "date_time_nano": Kind.DATETIME,
    "timestamp": Kind.TIMESTAMP,
    "timestamp_tz": Kind.TIMESTAMP_TZ,
    "json": Kind.JSON,
    "jsonb": Kind.JSONB,
    "uuid": Kind.UUID,
    "ulid": Kind.ULID,
    "array": Kind.ARRAY,
    "enum": Kind.ENUM,
    "set": Kind.SET,
    "duration": Kind.DURATION,
    "point": Kind.POINT, "geometry": Kind.POINT,
}  # fmt: skip
_BY_WORD = {word.replace("_", ""): kind for word, kind in _WORDS.items()}
_CALL = re.compile(r"\s*([A-Za-z_0-9 ]+?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*")
_PARAMETERS = {
    Kind.DECIMAL: ("precision", "scale"),
    Kind.CHAR: ("length",),
    Kind.VARCHAR: ("length",),
    Kind.INT8: ("width",),
}
_COMPOUND = frozenset(
    {Kind.ARRAY, Kind.SET, Kind.JSON, Kind.JSONB, Kind.POINT, Kind.BLOB, Kind.BYTES, Kind.DURATION, Kind.TIME}
)
_EXAMPLES = {
    Kind.DECIMAL: "write decimal(10,2), or {type: decimal, precision: 10, scale: 2}",
    Kind.CHAR: "write char(2), or {type: char, length: 2}",
    Kind.VARCHAR: "write varchar(50), or {type: var_char, length: 50}",
    Kind.ARRAY: "write {type: array, element_type: int}",
    Kind.ENUM: "write {type: enum, values: [new, old]}",
    Kind.SET: "write {type: set, values: [new, old]}",
}
_LONGEST = {Kind.CHAR: 255, Kind.VARCHAR: 16_383}


def parse_type(location: Location, key: str, value: object) -> DataType:
    """Return the type from its text or mapping; raises SchemaError for an invalid type."""
    if isinstance(value, str):
        match = _CALL.fullmatch(value)
        if match is None:
            raise location.error(key, value, "is not a valid type", remedy_for(value, _WORDS))
        word, *numbers = match.groups()
        kind = _kind(location, key, word)
        given = [int(number) for number in numbers if number is not None]
        names = _PARAMETERS.get(kind, ())
        if len(given) > len(names):
            raise location.error(
                key, value, f"has {len(given)} parameters, but {word} takes {len(names)}", f"write {word}"
            )
        return _typed(location, key, value, kind, dict(zip(names, given, strict=False)))
    if isinstance(value, dict):
        return _from_mapping(location, key, Block(location, key, value), value)
    raise location.error(
        key, value, "is not a valid type", "write a word like big_int or a mapping like {type: var_char, length: 50}"
    )


def _from_mapping(location: Location, key: str, block: Block, value: object) -> DataType:
    word = block.text("type", "write the type's name, like type: var_char")
    kind = _kind(location, f"{key}.type", word)
    taken = {name: block.take(name) for name in _PARAMETERS.get(kind, ())}
    parameters: dict[str, object] = {name: number for name, number in taken.items() if number is not None}
    if kind in (Kind.ENUM, Kind.SET):
        parameters["values"] = parse_values(location, f"{key}.values", block.take("values"))
    if kind is Kind.ARRAY:
        element = parse_type(location, f"{key}.element_type", block.require("element_type", _EXAMPLES[kind]))
        if element.kind in _COMPOUND:
            remedy = "write a plain one, like int, text, varchar(20), decimal(10,2), date or uuid"
            raise location.error(f"{key}.element_type", str(element.kind), "cannot be an array's element", remedy)
        parameters["element"] = element
    if kind is Kind.POINT and block.take("geometry_type", "point") != "point":
        raise location.error(f"{key}.geometry_type", block.take("geometry_type"), "is not supported", "write point")
    block.close()
    return _typed(location, key, value, kind, parameters)


def parse_values(location: Location, key: str, value: object) -> tuple[str, ...]:
    """Return the values of an enum or set: distinct strings without commas, which separate the values of a set in MySQL."""
    remedy = "write a list of texts, like [new, old]"
    if not isinstance(value, list) or not value:
        raise location.error(key, value, "is not a list of values", remedy)
    for item in value:
        if not isinstance(item, str) or not item:
            raise location.error(key, item, "is not text", "put it in quotes, or write another text")
        if "," in item or len(item) > 255 or "\0" in item:
            raise location.error(
                key, item, "is not a valid value in every store", "write up to 255 characters without comma or NUL"
            )
        if value.count(item) > 1:
            raise location.error(key, item, "is duplicated", "write each value once")
    return tuple(value)


def _kind(location: Location, key: str, word: str) -> Kind:
    kind = _BY_WORD.get(word.strip().lower().replace("_", ""))
    if kind is None:
        raise location.error(key, word, "is not a valid type", remedy_for(word, _WORDS))
    return kind


def _typed(location: Location, key: str, shown: object, kind: Kind, parameters: dict[str, object]) -> DataType:
    parameters.pop("width", None)
    for name, number in parameters.items():
        if name in ("precision", "scale", "length") and (isinstance(number, bool) or not isinstance(number, int)):
            raise location.error(f"{key}.{name}", number, "is not a whole number", _EXAMPLES[kind])
    if kind in _LONGEST and isinstance(parameters.get("length"), int) and parameters["length"] > _LONGEST[kind]:  # type: ignore[operator]
        remedy = f"write at most {_LONGEST[kind]}, or text"
        raise location.error(key, shown, "is longer than some stores can hold", remedy)
    make: Callable[..., DataType] = DataType
    try:
        return make(kind=kind, **parameters)
    except ValueError:
        raise location.error(key, shown, f"is not a complete {kind}", _EXAMPLES[kind]) from None
