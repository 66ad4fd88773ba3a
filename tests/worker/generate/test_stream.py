"""Random bits against the published outputs of SplitMix64; arithmetic and digits against Python's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.arrow import uuid_characters
from worker.generate.identifiers import base32_characters
from worker.generate.numeric import wide_numbers
from worker.generate.patterns import decimal_digits, digit_counts
from worker.generate.stream import Stream, below, high_product

WORDS = st.integers(0, 2**64 - 1)


def column(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def test_stream_equals_reference_splitmix64() -> None:
    # The outputs of the reference implementation for the state 1234567.
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert Stream(1234567).draws(np.arange(5, dtype=np.uint64)).tolist() == expected


def test_stream_key_separates_its_parts() -> None:
    assert Stream.of("ab", "c") != Stream.of("a", "bc")


def test_stream_key_is_pinned() -> None:
    assert Stream.of(42, "users", "id", "value").key == 12900468476454197993


@given(st.lists(WORDS, min_size=1, max_size=20), st.integers(0, 2**64 - 1))
def test_high_product_is_exact(numbers: list[int], factor: int) -> None:
    assert high_product(column(*numbers), factor).tolist() == [number * factor >> 64 for number in numbers]


@given(st.lists(WORDS, min_size=1, max_size=20), st.integers(1, 2**64))
def test_below_scales_draws_to_size(numbers: list[int], size: int) -> None:
    assert below(column(*numbers), size).tolist() == [number * size >> 64 for number in numbers]


@given(st.lists(WORDS, min_size=1), st.integers(0, 19), st.integers(-(10**38), 10**38))
def test_wide_numbers_are_exact(numbers: list[int], power: int, start: int) -> None:
    step = 10**power
    words = wide_numbers(column(*numbers), step, start).tolist()
    expected = [(start + step * number) % 2**128 for number in numbers]
    assert [low + (high << 64) for low, high in words] == expected


@given(st.lists(WORDS, min_size=1), st.integers(1, 20))
def test_decimal_digits_equal_python(numbers: list[int], width: int) -> None:
    lines = [bytes(line).decode() for line in decimal_digits(column(*numbers), width)]
    assert lines == [f"{number:020d}"[-width:] for number in numbers]


@given(st.lists(WORDS, min_size=1))
def test_digit_counts_equal_python(numbers: list[int]) -> None:
    assert digit_counts(column(*numbers)).tolist() == [len(str(number)) for number in numbers]


@pytest.mark.parametrize("power", range(20))
def test_digit_counts_at_powers_of_ten(power: int) -> None:
    assert digit_counts(column(10**power, 10**power - 1)).tolist() == [power + 1, max(power, 1)]


@given(WORDS, WORDS)
def test_base32_characters_decode_to_words(high: int, low: int) -> None:
    text = bytes(base32_characters(column(high), column(low))[0]).decode()
    assert sum("0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(c) << 5 * place for place, c in enumerate(reversed(text))) == (
        high << 64 | low
    )


def test_uuid_characters_have_dashes() -> None:
    identifier = np.arange(16, dtype=np.uint8)[None]
    assert bytes(uuid_characters(identifier)[0]) == b"00010203-0405-0607-0809-0a0b0c0d0e0f"
