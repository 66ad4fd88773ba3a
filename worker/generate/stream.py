"""Random bits as a function of a key and a row number, by SplitMix64 in whole columns.

A stream is the output function of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
OOPSLA 2014) over its counter, started at a 64-bit key. The key is a hash of the purpose of the stream, so that adding or
reordering columns changes no other column. Two streams are windows of one cycle of 2**64 draws: two of 10**12 rows each
overlap with a probability of 10**-7.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U64 = np.uint64
RowNumbers = NDArray[np.uint64]
"""Row numbers from 0, in any order."""
Draws = NDArray[np.uint64]
"""64 random bits for each row."""
Ordinals = NDArray[np.uint64]
"""A whole number for each row, from 0 to below the size that the caller requests."""

_GOLDEN, _MIX_1, _MIX_2 = U64(0x9E3779B97F4A7C15), U64(0xBF58476D1CE4E5B9), U64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = U64(30), U64(27), U64(31), U64(32)
_LOW = U64(0xFFFF_FFFF)
_WHOLE = 1 << 64


@dataclass(frozen=True)
class Stream:
    """A function from row numbers to draws of 64 bits."""

    key: int

    @classmethod
    def of(cls, *what: object) -> "Stream":
        """Return the stream for these parts: seed, table, column and purpose."""
        text = json.dumps([str(part) for part in what]).encode()
        return cls(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))

    def draws(self, rows: RowNumbers) -> Draws:
        """Return 64 uniform bits for each row."""
        bits = rows * _GOLDEN
        bits += U64((self.key + int(_GOLDEN)) % _WHOLE)
        shifted = bits >> _S30
        bits ^= shifted
        bits *= _MIX_1
        np.right_shift(bits, _S27, out=shifted)
        bits ^= shifted
        bits *= _MIX_2
        np.right_shift(bits, _S31, out=shifted)
        bits ^= shifted
        return bits


def below(draws: Draws, size: int) -> Ordinals:
    """Return uniform whole numbers in [0, size): the high half of draw times size. The bias is below size / 2**64."""
    return draws if size == _WHOLE else high_product(draws, size)


def high_product(numbers: NDArray[np.uint64], factor: int) -> NDArray[np.uint64]:
    """Return the high 64 bits of each product with a factor below 2**64."""
    factor_low, factor_high = U64(factor & 0xFFFF_FFFF), U64(factor >> 32)
    low, high = numbers & _LOW, numbers >> _S32
    carried = low * factor_low
    carried >>= _S32
    middle = high * factor_low
    middle += carried
    if not factor_high:
        middle >>= _S32
        return middle
    low *= factor_high
    low += middle & _LOW
    low >>= _S32
    high *= factor_high
    middle >>= _S32
    high += middle
    high += low
    return high
