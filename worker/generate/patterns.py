"""Generators of texts with placeholders: patterns, and templates over other columns of the row."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.schema.generators import Pattern, Template
from core.schema.placeholders import Digits, Index, Literal, PatternPart, Uuid, pattern_parts, template_parts
from core.schema.types import DOCUMENTS, Kind
from worker.arrow import Block, arrow_type, equal_width, uuid_characters
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.identifiers import Uuids
from worker.generate.sampler import Sampler, sampler
from worker.generate.stream import U64, RowNumbers

_TEN_THOUSAND = U64(10_000)
_FOUR_DIGITS = np.frombuffer("".join(f"{number:04d}" for number in range(10_000)).encode(), np.uint32)
_POWERS = np.array([10**digits for digits in range(1, 20)], np.uint64)

_MOST_DIGITS = 18
"""The number of random digits that one draw provides."""
PartWriter = Callable[[RowNumbers, int], Block]
"""Returns the bytes of one part of a pattern, for rows whose numbers have the same number of digits."""


def pattern(context: ColumnContext, generator: Pattern) -> ColumnFunction:
    """Return the texts of a pattern.

    Rows whose numbers have the same number of digits have texts of one length: each such group is a matrix of bytes.
    """
    parts = pattern_parts(generator.pattern)
    in_json = context.column.type.kind in DOCUMENTS
    unique = _unique_digits(context, parts)
    blocks = [
        _block(context, number, part, in_json=in_json, unique=number == unique) for number, part in enumerate(parts)
    ]
    if in_json:
        blocks = [_literal(b'"'), *blocks, _literal(b'"')]
    arrow = arrow_type(context.column.type)
    grouped = any(isinstance(part, Index) for part in parts)

    def texts(rows: RowNumbers) -> pa.Array:
        if not grouped or not len(rows):
            return _laid_out(blocks, rows, 1, arrow)
        counts = digit_counts(rows)
        shortest, longest = int(counts.min()), int(counts.max())
        if shortest == longest:
            return _laid_out(blocks, rows, shortest, arrow)
        order = np.argsort(counts, kind="stable")
        bounds = np.searchsorted(counts[order], np.arange(shortest, longest + 2))
        groups = [order[low:high] for low, high in pairwise(bounds)]
        texts = [_laid_out(blocks, rows[group], digits, arrow) for digits, group in enumerate(groups, start=shortest)]
        places = np.empty(len(rows), np.int64)
        places[order] = np.arange(len(rows))
        return pa.concat_arrays(texts).take(pa.array(places))

    return texts


def template(context: ColumnContext, generator: Template) -> ColumnFunction:
    """Return the joined texts of other columns; a NULL is empty."""
    pieces = [
        part.text if isinstance(part, Literal) else _column_text(context, part.column)
        for part in template_parts(generator.template)
    ]
    if not any(callable(piece) for piece in pieces):
        text = pa.array(["".join(piece for piece in pieces if isinstance(piece, str))])
        return lambda rows: text.take(pa.array(np.zeros(len(rows), np.int8)))
    return lambda rows: pc.binary_join_element_wise(
        *(piece if isinstance(piece, str) else piece(rows) for piece in pieces), ""
    )


def _column_text(context: ColumnContext, name: str) -> ColumnFunction:
    function, kind = context.function_of(context.table.name, name), context.table.column(name).type.kind

    def texts(rows: RowNumbers) -> pa.Array:
        values = function(rows)
        if kind is Kind.UUID:
            identifiers = np.frombuffer(values.buffers()[1], np.uint8).reshape(len(rows), 16)
            # NULLs have characters too: they are replaced by empty texts here.
            return pc.if_else(values.is_valid(), equal_width(uuid_characters(identifiers)), "")
        return pc.fill_null(values.cast(pa.string()), "")

    return texts


def _laid_out(blocks: Sequence[PartWriter], rows: RowNumbers, digits: int, arrow: pa.DataType) -> pa.Array:
    return equal_width(np.concatenate([block(rows, digits) for block in blocks], axis=1), arrow)


def _block(context: ColumnContext, number: int, part: PatternPart, *, in_json: bool, unique: bool) -> PartWriter:
    match part:
        case Literal(text=text):
            return _literal((json.dumps(text, ensure_ascii=False)[1:-1] if in_json else text).encode())
        case Uuid():
            identifiers = Uuids(context, f" {number}")
            return lambda rows, _: uuid_characters(identifiers(rows))
        case Digits(count=count):
            return _digits(context, number, count, unique=unique)
        case _:
            return decimal_digits


def _literal(text: bytes) -> PartWriter:
    line = np.frombuffer(text, np.uint8)
    return lambda rows, _: np.broadcast_to(line, (len(rows), len(line)))


def _digits(context: ColumnContext, number: int, count: int, *, unique: bool) -> PartWriter:
    """Return 18 digits per draw; the first digit is from 1 to 9."""
    first = min(count, _MOST_DIGITS)
    least = 10 ** (first - 1)
    leading = sampler(context, 9 * least, purpose="value" if unique else f"digits {number}")
    more: list[tuple[Sampler, int]] = []
    for start in range(first, count, _MOST_DIGITS):
        width = min(_MOST_DIGITS, count - start)
        more.append((sampler(context, 10**width, purpose=f"digits {number} from {start}"), width))

    def characters(rows: RowNumbers, _: int) -> Block:
        lines = [decimal_digits(leading(rows) + U64(least), first)]
        lines += [decimal_digits(sample(rows), width) for sample, width in more]
        return lines[0] if len(lines) == 1 else np.concatenate(lines, axis=1)

    return characters


def _unique_digits(context: ColumnContext, parts: Sequence[PatternPart]) -> int | None:
    """Return the digits that make a pattern unique: the longest ones, or None if a row number or UUID does it."""
    if not context.column.unique or any(isinstance(part, Index | Uuid) for part in parts):
        return None
    counts = [part.count if isinstance(part, Digits) else 0 for part in parts]
    return counts.index(max(counts))


def decimal_digits(numbers: NDArray[np.uint64], width: int) -> Block:
    """Return the last `width` decimal digits of each number, with leading zeros."""
    groups = -(-width // 4)
    words = np.empty((len(numbers), groups), np.uint32)
    rest = numbers
    for group in reversed(range(groups)):
        if group:
            rest, four = np.divmod(rest, _TEN_THOUSAND)
        else:
            four = rest % _TEN_THOUSAND
        words[:, group] = _FOUR_DIGITS[four]
    return words.view(np.uint8)[:, groups * 4 - width :]


def digit_counts(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of decimal digits of each number, 1 to 20."""
    return np.searchsorted(_POWERS, numbers, side="right") + 1
