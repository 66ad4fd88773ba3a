"""Check distributions with chi-square and Kolmogorov-Smirnov tests at fixed seeds, so that no test fails by chance."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest

from tests.worker.generate.schemas import cells, every_row

ROWS = 100_000


def chi_square_is_fine(observed: list[float], expected: list[float]) -> bool:
    """Return whether the statistic is below the 1-in-a-million quantile (Wilson and Hilferty's approximation)."""
    assert min(expected) >= 5
    statistic = sum((seen - due) ** 2 / due for seen, due in zip(observed, expected, strict=True))
    freedom = len(observed) - 1
    quantile = freedom * (1 - 2 / (9 * freedom) + 4.7534 * math.sqrt(2 / (9 * freedom))) ** 3
    return statistic < quantile


def kolmogorov_smirnov_is_fine(values: list[float], cdf: np.ndarray) -> bool:
    """Return whether the distance is below the 1-in-a-million quantile; `cdf` is that of the sorted values."""
    count = len(values)
    steps = np.arange(1, count + 1) / count
    distance = max(np.abs(steps - cdf).max(), np.abs(steps - 1 / count - cdf).max())
    return bool(distance < math.sqrt(-math.log(1e-6 / 2) / 2 / count))


def counted(values: Sequence[object], kinds: Sequence[object]) -> list[float]:
    counts = Counter(values)
    assert set(counts) <= set(kinds)
    return [counts[kind] for kind in kinds]


@pytest.mark.parametrize("seed", [1, 42, 7777])
def test_whole_numbers_are_uniform(seed: int) -> None:
    values = cells("type: int, generator: {type: int_range, min: -10, max: 89}", ROWS, seed=seed)
    assert chi_square_is_fine(counted(values, list(range(-10, 90))), [ROWS / 100] * 100)


def test_neighbouring_rows_are_independent() -> None:
    values = cells("type: int, generator: {type: int_range, min: 0, max: 9}", ROWS)
    pairs = list(zip(values[::2], values[1::2], strict=True))
    assert chi_square_is_fine(counted(pairs, [(a, b) for a in range(10) for b in range(10)]), [ROWS / 200] * 100)


def test_two_columns_are_independent() -> None:
    batch = every_row().table("instants").batch(0, 10_000, ["lately", "took"])
    lately, took = (np.array(column.cast("int64").to_pylist(), float) for column in batch.columns)
    assert abs(np.corrcoef(lately, took)[0, 1]) < 0.05


@pytest.mark.parametrize("bit", range(0, 64, 7))
def test_every_bit_is_set_in_half_of_draws(bit: int) -> None:
    field = "type: big_int, generator: {type: int_range, min: -9223372036854775808, max: 9223372036854775807}"
    ones = sum(value >> bit & 1 for value in cells(field, ROWS))
    assert chi_square_is_fine([ones, ROWS - ones], [ROWS / 2] * 2)


def test_fractions_are_uniform() -> None:
    values = sorted(cells("type: double, generator: {type: float_range, min: 5, max: 7}", ROWS))
    assert kolmogorov_smirnov_is_fine(values, (np.array(values) - 5) / 2)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("size", [20, 1000, 50_000])
def test_zipf_ranks_have_their_shares(exponent: float, size: int) -> None:
    distribution = f"{{type: zipf, exponent: {exponent}}}"
    values = cells(
        f"type: int, generator: {{type: int_range, min: 1, max: {size}, distribution: {distribution}}}", ROWS
    )
    weights = np.arange(1, size + 1, dtype=float) ** -exponent
    due = weights / weights.sum() * ROWS
    # Single ranks first, then growing bins of ranks, each with about 0.5 % of the rows.
    bins = np.floor((np.cumsum(due) - due / 2) / (ROWS / 200)).astype(int)
    edges = np.flatnonzero(np.diff(bins, prepend=-1))
    edges = edges[np.add.reduceat(due, edges)[::-1].cumsum()[::-1] >= ROWS / 400]
    seen = np.add.reduceat(np.bincount(np.array(values) - 1, minlength=size), edges)
    assert chi_square_is_fine(seen.tolist(), np.add.reduceat(due, edges).tolist())


def test_zipf_over_huge_range_has_harmonic_shares() -> None:
    field = "type: big_int, generator: {type: int_range, min: 1, max: 1000000000000, distribution: zipf}"
    values = np.array(cells(field, ROWS), float)
    harmonic = math.log(1e12) + 0.5772156649015329
    shares = [(np.log(bound) + 0.5772156649015329) / harmonic for bound in (1e3, 1e6, 1e9)]
    seen = [(values <= bound).mean() for bound in (1e3, 1e6, 1e9)]
    assert seen == pytest.approx(shares, abs=5 / math.sqrt(ROWS))


def test_normal_whole_numbers_have_bell_shape() -> None:
    field = (
        "type: int, generator: {type: int_range, min: 0, max: 100, distribution: {type: normal, mean: 40, stddev: 10}}"
    )
    values = cells(field, ROWS)
    bell = NormalDist(40, 10)
    whole = bell.cdf(100.5) - bell.cdf(-0.5)
    middle = list(range(5, 76))
    due = [(bell.cdf(k + 0.5) - bell.cdf(k - 0.5)) / whole * ROWS for k in middle]
    counts = Counter(values)
    tails = [sum(counts[k] for k in range(5)), sum(counts[k] for k in range(76, 101))]
    due_tails = [(bell.cdf(4.5) - bell.cdf(-0.5)) / whole * ROWS, (bell.cdf(100.5) - bell.cdf(75.5)) / whole * ROWS]
    assert chi_square_is_fine([*tails, *(counts[k] for k in middle)], [*due_tails, *due])


def test_normal_fractions_are_cut_off_at_bounds() -> None:
    field = "type: double, generator: {type: float_range, min: 0, max: 10, distribution: {type: normal, mean: 2, stddev: 3}}"
    values = sorted(cells(field, ROWS))
    bell = NormalDist(2, 3)
    low, high = bell.cdf(0), bell.cdf(10)
    assert kolmogorov_smirnov_is_fine(values, np.array([(bell.cdf(value) - low) / (high - low) for value in values]))


def test_normal_defaults_to_middle_and_sixth_of_range() -> None:
    values = cells("type: double, generator: {type: float_range, min: 0, max: 60, distribution: normal}", ROWS)
    assert np.mean(values) == pytest.approx(30, abs=0.2)
    assert np.std(values) == pytest.approx(9.87, abs=0.1)  # 10, without the tails beyond three deviations


def test_normal_instants_use_seconds_after_start() -> None:
    distribution = "{type: normal, mean: 43200, stddev: 3600}"
    generator = f"{{type: timestamp_range, start: 2024-01-01, end: 2024-01-02, distribution: {distribution}}}"
    hours = [value.hour + value.minute / 60 for value in cells(f"type: timestamp, generator: {generator}", ROWS)]
    assert np.mean(hours) == pytest.approx(12, abs=0.05)
    assert np.std(hours) == pytest.approx(1, abs=0.02)


def test_normal_decimals_use_their_own_unit() -> None:
    distribution = "{type: normal, mean: 20, stddev: 2}"
    generator = f"{{type: decimal_range, min: 10, max: 90, distribution: {distribution}}}"
    values = [float(value) for value in cells(f'type: "decimal(10,2)", generator: {generator}', ROWS)]
    assert np.mean(values) == pytest.approx(20, abs=0.05)
    assert np.std(values) == pytest.approx(2, abs=0.03)


@pytest.mark.parametrize("weight", [0.0, 0.01, 0.5, 0.8, 1.0])
def test_weighted_bool_has_its_share(weight: float) -> None:
    trues = sum(cells(f"type: bool, generator: {{type: weighted_bool, true_weight: {weight}}}", ROWS))
    if weight in (0.0, 1.0):
        assert trues == ROWS * weight
    else:
        assert chi_square_is_fine([trues, ROWS - trues], [ROWS * weight, ROWS * (1 - weight)])


@pytest.mark.parametrize("ratio", [0.001, 0.3, 1.0])
def test_null_ratio_has_its_share(ratio: float) -> None:
    values = cells(f"type: int, null_ratio: {ratio}, generator: {{type: int_range, min: 0, max: 9}}", ROWS)
    nulls = values.count(None)
    if ratio == 1.0:
        assert nulls == ROWS
    else:
        assert chi_square_is_fine([nulls, ROWS - nulls], [ROWS * ratio, ROWS * (1 - ratio)])
        rest = [value for value in values if value is not None]
        assert chi_square_is_fine(counted(rest, list(range(10))), [len(rest) / 10] * 10)


def test_choice_follows_weights() -> None:
    values = cells("type: text, generator: {type: one_of, values: [a, b, c, d], weights: [1, 2, 0, 7]}", ROWS)
    assert values.count("c") == 0
    assert chi_square_is_fine(counted(values, ["a", "b", "d"]), [ROWS * 0.1, ROWS * 0.2, ROWS * 0.7])


def test_choice_by_zipf_prefers_first_value() -> None:
    values = cells("type: text, generator: {type: one_of, values: [a, b, c], distribution: zipf}", ROWS)
    assert chi_square_is_fine(counted(values, list("abc")), [ROWS * 6 / 11, ROWS * 3 / 11, ROWS * 2 / 11])


def test_references_are_uniform_over_parent() -> None:
    values = every_row().table("links").batch(0, 10_000, ["number_id"]).column(0).to_pylist()
    hundreds = Counter((value - 1) // 100 for value in values)
    assert chi_square_is_fine([hundreds[k] for k in range(100)], [100] * 100)


def test_array_lengths_and_elements_are_uniform() -> None:
    generator = "{type: sample_array, pool: [1, 2, 3, 4], min_length: 1, max_length: 3}"
    field = f"type: {{type: array, element_type: int}}, generator: {generator}"
    values = cells(field, ROWS)
    assert chi_square_is_fine(counted([len(value) for value in values], [1, 2, 3]), [ROWS / 3] * 3)
    items = [item for value in values for item in value]
    assert chi_square_is_fine(counted(items, [1, 2, 3, 4]), [len(items) / 4] * 4)


def test_subsets_of_equal_length_are_equally_likely() -> None:
    generator = "{type: sample_array, pool: [a, b, c, d], min_length: 2, max_length: 2}"
    field = f"type: {{type: set, values: [a, b, c, d]}}, generator: {generator}"
    pairs = ["ab", "ac", "ad", "bc", "bd", "cd"]
    assert chi_square_is_fine(counted(["".join(value) for value in cells(field, ROWS)], pairs), [ROWS / 6] * 6)


def test_pattern_digits_are_uniform() -> None:
    values = [int(value) for value in cells('type: text, generator: {type: pattern, pattern: "{rand:2}"}', ROWS)]
    assert chi_square_is_fine(counted(values, list(range(10, 100))), [ROWS / 90] * 90)


def test_random_bytes_are_uniform() -> None:
    data = b"".join(cells("type: blob, generator: {type: random_bytes, min_length: 1, max_length: 11}", 50_000))
    assert chi_square_is_fine([data.count(byte) for byte in range(256)], [len(data) / 256] * 256)
