"""The types of columns, independent of the dialect of the schema file and of the server."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Kind(StrEnum):
    """A column's logical type. `worker.generate` maps it to an Arrow type, each source to a type of its server."""

    BOOL = "bool"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    DECIMAL = "decimal"
    CHAR = "char"
    VARCHAR = "varchar"
    TEXT = "text"
    BLOB = "blob"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamp_tz"
    JSON = "json"
    JSONB = "jsonb"
    UUID = "uuid"
    ULID = "ulid"
    ARRAY = "array"
    ENUM = "enum"
    SET = "set"
    DURATION = "duration"
    POINT = "point"


INTEGER_BITS: Mapping[Kind, int] = {Kind.INT8: 8, Kind.INT16: 16, Kind.INT32: 32, Kind.INT64: 64}
INTEGERS = frozenset(INTEGER_BITS)
FLOATS = frozenset({Kind.FLOAT32, Kind.FLOAT64})
CHARACTERS = frozenset({Kind.CHAR, Kind.VARCHAR})
"""The kinds of text that have a maximum length, like varchar(20)."""
TEXTS = CHARACTERS | {Kind.TEXT}
STRINGS = TEXTS | {Kind.ENUM, Kind.ULID}
"""All kinds whose values are strings in Arrow."""
BINARIES = frozenset({Kind.BLOB, Kind.BYTES})
DOCUMENTS = frozenset({Kind.JSON, Kind.JSONB})
LISTS = frozenset({Kind.ARRAY, Kind.SET})
TIMESTAMPS = frozenset({Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ})
INSTANTS = TIMESTAMPS | {Kind.DATE, Kind.TIME}


class DataType(BaseModel):
    """A kind with its parameters: precision and scale of a decimal, length in characters of a string, and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    element: "DataType | None" = None
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is Kind.DECIMAL:
            precision, scale = self.precision, self.scale
            if precision is None or scale is None or not (1 <= precision <= 38 and 0 <= scale <= precision):
                raise ValueError("a decimal has a precision from 1 to 38 and a scale from 0 to its precision")
        if self.kind in CHARACTERS and (self.length is None or self.length < 1):
            raise ValueError(f"a {self.kind} has a length of 1 or more characters")
        if self.kind is Kind.ARRAY and (self.element is None or self.element.kind is Kind.ARRAY):
            raise ValueError("an array has an element_type that is not an array")
        if self.kind in (Kind.ENUM, Kind.SET) and not self.values:
            raise ValueError(f"{self.kind} has at least one value")
        return self
