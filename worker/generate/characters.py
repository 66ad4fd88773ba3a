"""Numbers and identifiers as ASCII, a matrix of bytes at a time: one line a row, all lines equally long."""

import numpy as np
from numpy.typing import NDArray

from worker.generate.stream import U64

Characters = NDArray[np.uint8]
"""One text a row, its bytes side by side."""

_TEN_THOUSAND = U64(10_000)
_FOUR_DIGITS = np.frombuffer("".join(f"{number:04d}" for number in range(10_000)).encode(), np.uint32)
_HEX = np.frombuffer("".join(f"{number:02x}" for number in range(256)).encode(), np.uint16)
_BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD = np.frombuffer("".join(one + other for one in _BASE_32 for other in _BASE_32).encode(), np.uint16)
_POWERS = np.array([10**digits for digits in range(1, 20)], np.uint64)
_GROUPS = ((0, 8, 0), (9, 13, 8), (14, 18, 12), (19, 23, 16), (24, 36, 20))
"""Where each group of a UUID's hexadecimal digits begins and ends, and which digit it begins with."""


def decimal_digits(numbers: NDArray[np.uint64], width: int) -> Characters:
    """The last `width` decimal digits of each number, with leading zeros."""
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
    """How many decimal digits each number has, 1 to 20."""
    return np.searchsorted(_POWERS, numbers, side="right") + 1


def uuid_characters(identifiers: NDArray[np.uint8]) -> Characters:
    """The 36 characters of each row's sixteen bytes."""
    characters = np.full((len(identifiers), 36), ord("-"), np.uint8)
    digits = _HEX[identifiers].view(np.uint8).reshape(len(identifiers), 32)
    for start, end, first in _GROUPS:
        characters[:, start:end] = digits[:, first : first + end - start]
    return characters


def base32_characters(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Characters:
    """The 26 characters, in Crockford's alphabet, of each row's two 64-bit words: two at a time, out of ten bits."""
    pairs = np.empty((len(high), 13), np.uint16)
    for column in range(13):
        shift = 10 * (12 - column)
        if shift >= 64:
            bits = high >> U64(shift - 64)
        elif shift > 54:
            bits = (low >> U64(shift)) | (high << U64(64 - shift))
        else:
            bits = low >> U64(shift)
        pairs[:, column] = _CROCKFORD[bits & U64(1023)]
    return pairs.view(np.uint8)
