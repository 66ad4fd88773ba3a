"""Parse cells that a source returns as text into values of their type."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INTEGERS, LISTS, STRINGS, TIMESTAMPS, DataType, Kind
from worker.arrow import arrow_type

Mask = NDArray[np.bool_]
Parser = Callable[[pa.Array, pa.DataType], pa.Array]
"""Converts texts to values; for an invalid text it raises ArrowInvalid or returns null."""

_POINT = r"^(?:POINT )?\(?\s*(?P<x>[^\s,()]+)[ ,]\s*(?P<y>[^\s,()]+)\)$"
_DURATION = r"^(?P<sign>-?)PT(?P<seconds>[0-9]+)\.(?P<micros>[0-9]{6})S$"


class ParsedCells(NamedTuple):
    """The values, and where a text is not a value of the type, shape (rows,)."""

    values: pa.Array
    unreadable: Mask


def parse_texts(texts: pa.Array, type_: DataType) -> ParsedCells:
    """Parse a column of texts in the format of `worker.encode.text` into the generator's Arrow type."""
    target = arrow_type(type_)
    values = _parse_or_none(texts, type_, target)
    if values is None:
        values = _one_by_one(texts, type_, target)
    return ParsedCells(values, mask(pc.and_(values.is_null(), texts.is_valid())))


def _parse_or_none(texts: pa.Array, type_: DataType, target: pa.DataType) -> pa.Array | None:
    try:
        return _PARSERS[type_.kind](texts, target)
    except pa.ArrowInvalid:
        return None


def _one_by_one(texts: pa.Array, type_: DataType, target: pa.DataType) -> pa.Array:
    """Parse one text at a time; slow, and only used for a batch with an invalid text."""
    singles = [_parse_or_none(texts.slice(place, 1), type_, target) for place in range(len(texts))]
    return pa.concat_arrays([pa.nulls(1, target) if single is None else single for single in singles])


def _cast(texts: pa.Array, target: pa.DataType) -> pa.Array:
    return texts.cast(target)


def _timestamps(texts: pa.Array, target: pa.DataType) -> pa.Array:
    naive = pc.utf8_rtrim(texts, "Z").cast(pa.timestamp("us"))
    return naive if target.tz is None else pc.assume_timezone(naive, "UTC")


def _times(texts: pa.Array, target: pa.DataType) -> pa.Array:
    return pc.binary_join_element_wise("1970-01-01T", texts, "").cast(pa.timestamp("us")).cast(target)


def _binary(encoding: str) -> Parser:
    def read(texts: pa.Array, target: pa.DataType) -> pa.Array:
        if encoding == "hex":
            texts = pc.replace_substring(texts, "-", "")
        series = pl.Series(values=pl.from_arrow(texts), dtype=pl.String)
        found = (
            series.str.decode("hex", strict=False) if encoding == "hex" else series.str.decode("base64", strict=False)
        )
        return found.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.binary()).cast(target)

    return read


def _durations(texts: pa.Array, target: pa.DataType) -> pa.Array:
    parts = pc.extract_regex(texts, _DURATION)
    seconds, micros = (_part(parts, name).cast(pa.int64()) for name in ("seconds", "micros"))
    size = pc.add(pc.multiply(seconds, 1_000_000), micros)
    return pc.if_else(pc.equal(_part(parts, "sign"), "-"), pc.negate(size), size).cast(target)


def _points(texts: pa.Array, target: pa.DataType) -> pa.Array:
    parts = pc.extract_regex(texts, _POINT)
    axes = [_part(parts, axis).cast(pa.float64()) for axis in ("x", "y")]
    return pa.StructArray.from_arrays(axes, fields=list(target), mask=parts.is_null())


def _part(parts: pa.StructArray, name: str) -> pa.Array:
    """Return one group of a match, null without a match."""
    return pc.if_else(parts.is_valid(), parts.field(name), pa.scalar(None, pa.string()))


def mask(truths: pa.Array) -> Mask:
    """Return the truth values as an array of its own, which the caller may change."""
    return np.array(truths.to_numpy(zero_copy_only=False), np.bool_)


NESTED = LISTS | DOCUMENTS
"""The kinds that are compared as JSON text."""

_PARSERS: Mapping[Kind, Parser] = {
    Kind.BOOL: _cast,
    **dict.fromkeys((*INTEGERS, *FLOATS, Kind.DECIMAL, Kind.DATE), _cast),
    **dict.fromkeys((*STRINGS, *DOCUMENTS), _cast),
    **dict.fromkeys(BINARIES, _binary("base64")),
    Kind.UUID: _binary("hex"),
    Kind.TIME: _times,
    **dict.fromkeys(TIMESTAMPS, _timestamps),
    Kind.DURATION: _durations,
    Kind.POINT: _points,
}
