"""A permutation of the row numbers below a size: each value once, none remembered.

A Feistel network over pairs of digits of mixed radix (Black and Rogaway: Ciphers with arbitrary finite domains, CT-RSA
2002), walked on where it leaves the domain. The radices are next to the square root of the size, so that almost no
row has to walk.
"""

from math import isqrt

import numpy as np

from worker.generate.stream import U64, Ordinals, RowNumbers, Stream, below

_ROUNDS = 6


class Permutation:
    """A one-to-one function of [0, size) onto itself; size is at most 2**64."""

    def __init__(self, size: int, *purpose: object) -> None:
        self.size = size
        self._left = isqrt(size - 1) + 1
        self._right = -(-size // self._left)
        self._rounds = [Stream.of(*purpose, "round", number) for number in range(_ROUNDS)]

    def __call__(self, rows: RowNumbers) -> Ordinals:
        """Each row's ordinal; every row is below the size."""
        ordinals = self._encipher(rows)
        if self._left * self._right > self.size:
            while len(outside := np.flatnonzero(ordinals >= U64(self.size))):
                ordinals[outside] = self._encipher(ordinals[outside])
        return ordinals

    def _encipher(self, numbers: RowNumbers) -> Ordinals:
        left, right = np.divmod(numbers, U64(self._right))
        for number, stream in enumerate(self._rounds):
            if number % 2 == 0:
                left = _added(left, below(stream.draws(right), self._left), self._left)
            else:
                right = _added(right, below(stream.draws(left), self._right), self._right)
        return left * U64(self._right) + right


def _added(numbers: Ordinals, others: Ordinals, modulus: int) -> Ordinals:
    """The sum of two numbers below a modulus of at most 2**32, taken by it."""
    total = numbers + others
    return np.where(total >= U64(modulus), total - U64(modulus), total)
