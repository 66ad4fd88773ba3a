"""Parse a `generator:` mapping, and turn validation errors into one line."""

from collections.abc import Mapping
from typing import get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from core.errors import Problem
from core.schema.generators import Generator, Reference
from core.schema.location import Location, remedy_for
from core.text import listed

_ADAPTER: TypeAdapter[Generator] = TypeAdapter(Generator)
MODELS: Mapping[str, type[BaseModel]] = {
    model.model_fields["type"].default: model for model in get_args(get_args(Generator)[0])
}
"""Each generator's model by its name in a file."""


def parse_generator(location: Location, key: str, value: object) -> Generator:
    """Return the generator from its name or mapping; raises SchemaError for an invalid one."""
    mapping = {"type": value} if isinstance(value, str) else value
    if not isinstance(mapping, dict):
        raise location.error(key, value, "is not a generator", "write a mapping like {type: sequential, start: 1}")
    word = mapping.get("type")
    if not isinstance(word, str):
        raise location.missing(f"{key}.type", f"write one of {listed(MODELS)}")
    if word not in MODELS:
        raise location.error(f"{key}.type", word, "is not a generator", remedy_for(word, MODELS))
    try:
        return _ADAPTER.validate_python(mapping)
    except ValidationError as error:
        raise _explained(location, key, word, error.errors()[0]) from None


def parse_reference(location: Location, value: object) -> Reference:
    """Return the reference from text like `users.id`, or a mapping with table, column and distribution."""
    remedy = "write the table and its key, like users.id"
    if isinstance(value, dict):
        reference = parse_generator(location, "references", {**value, "type": "reference"})
        assert isinstance(reference, Reference)  # noqa: S101 - guaranteed by the type above
        return reference
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 2 or not all(parts):
        raise location.error("references", value, "is not a reference", remedy)
    return Reference(table=parts[0], column=parts[1])


def _explained(location: Location, key: str, word: str, error: ErrorDetails) -> Exception:
    where = ".".join([key, *(str(part) for part in error["loc"][1:] if part not in ("uniform", "normal", "zipf"))])
    known = [name for name in MODELS[word].model_fields if name != "type"]
    takes = f"{word} takes {', '.join(known)}" if known else f"{word} takes no parameters"
    kind, message = error["type"], error["msg"]
    if kind == "missing":
        return location.missing(where, takes)
    if kind == "extra_forbidden":
        return location.error(where, error["input"], "is not a parameter", takes)
    if kind == "value_error" and isinstance(found := error["ctx"]["error"], Problem):
        return location.error_of(where, word if error["loc"][1:] == () else error["input"], found)
    problem, remedy = _COMPLAINTS.get(kind, ("cannot be used", message[:1].lower() + message[1:]))
    return location.error(where, error["input"], problem, remedy.format(**error.get("ctx", {})))


_NOT_WHOLE = ("is not a whole number", "write digits, without quotes")
_NOT_FINITE = ("is not a finite number", "write one like 0.5, without quotes")
_NOT_DECIMAL = ("is not a finite number", "write one like 9.99")
_COMPLAINTS: Mapping[str, tuple[str, str]] = {
    "int_type": _NOT_WHOLE,
    "int_from_float": _NOT_WHOLE,
    "float_type": _NOT_FINITE,
    "finite_number": _NOT_FINITE,
    "decimal_type": _NOT_DECIMAL,
    "decimal_parsing": _NOT_DECIMAL,
    "greater_than_equal": ("is too small", "write {ge} or more"),
    "greater_than": ("is too small", "write more than {gt}"),
    "less_than_equal": ("is too large", "write {le} or less"),
    "less_than": ("is too large", "write less than {lt}"),
    "string_type": ("is not text", "write text, in quotes if need be"),
    "string_pattern_mismatch": ("cannot be that", "write text of the form {pattern}"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "tuple_type": ("is not a list", "write one like [a, b]"),
    "dict_type": ("is not a mapping", "write one like {{key: value}}"),
    "too_short": ("is empty", "write at least one item"),
    "union_tag_invalid": ("is not a distribution", "write uniform, normal or zipf"),
    "union_tag_not_found": ("is not a distribution", "write uniform, normal or zipf"),
    "model_attributes_type": ("is not a distribution", "write uniform, normal or zipf"),
}
