"""Merge the workers' latency histograms. Percentiles are computed from histograms, never from other percentiles."""

import math
import zlib
from collections.abc import Iterable, Sequence

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from aggregate.report import Bin, Percentiles
from core.errors import InputError
from core.metrics import BATCHES_NEEDED
from core.results import WorkerResult

_BINS_PER_DOUBLING = 4
_PERCENTILES = {"p50": 50, "p90": 90, "p99": 99, "p999": 99.9}
_UNDECODABLE = (TypeError, ValueError, IndexError, zlib.error, HdrCookieException, HdrLengthException)


def merge_latency(results: Iterable[WorkerResult]) -> tuple[Percentiles | None, tuple[Bin, ...]]:
    """Return the percentiles of all batches, and the merged histogram in bins, four per doubling of the latency.

    Return None and no bins if no worker left a histogram. Raises InputError for a histogram that cannot be decoded.
    """
    by_layout: dict[tuple[int, int, int], HdrHistogram] = {}
    sizes: set[int] = set()
    workers = rows = 0
    for result in results:
        latency = result.latency_ms
        if latency is None or not latency.histogram:
            continue
        _add(by_layout, _decoded(result.worker_id, latency.histogram))
        sizes.add(_largest_batch(result, latency.batch_size))
        rows += result.metrics.rows_processed
        workers += 1
    merged = _joined(by_layout.values())
    if merged is None or not merged.get_total_count():
        return None, ()
    batches = merged.get_total_count()
    percentiles = Percentiles(
        **{
            name: milliseconds(merged.get_value_at_percentile(of)) if batches >= BATCHES_NEEDED.get(name, 1) else None
            for name, of in _PERCENTILES.items()
        },
        max=milliseconds(merged.get_max_value()),
        batches=batches,
        rows=rows,
        batch_sizes=tuple(sorted(sizes)),
        workers=workers,
    )
    return percentiles, tuple(_bins(merged))


def milliseconds(microseconds: float) -> float:
    """Convert microseconds to milliseconds, rounded to two decimals as the reports show them."""
    return round(microseconds / 1000, 2)


def _largest_batch(result: WorkerResult, batch_size: int) -> int:
    """Return the rows of a worker's largest batch: a shard may have fewer rows than the configured size."""
    largest = max((shard.rows for shard in result.shards), default=batch_size)
    return min(batch_size, largest) or batch_size


def _decoded(worker_id: str, encoded: str) -> HdrHistogram:
    try:
        return HdrHistogram.decode(encoded)
    except _UNDECODABLE as error:
        raise InputError(
            f"{worker_id}: latency_ms.histogram cannot be decoded ({error}); "
            "it must be an HdrHistogram in compressed base64 form"
        ) from None


def _add(by_layout: dict[tuple[int, int, int], HdrHistogram], decoded: HdrHistogram) -> None:
    """Add histograms of one layout as arrays: a hundred times faster than value by value."""
    layout = (decoded.lowest_trackable_value, decoded.highest_trackable_value, decoded.significant_figures)
    if layout in by_layout:
        by_layout[layout].add(decoded)
    else:
        by_layout[layout] = decoded


def _joined(histograms: Iterable[HdrHistogram]) -> HdrHistogram | None:
    """Merge all into the histogram with the widest range and, among equals, the most digits; no precision is lost."""
    by_range = sorted(
        histograms, key=lambda each: (each.highest_trackable_value, each.significant_figures), reverse=True
    )
    if not by_range:
        return None
    widest, *narrower = by_range
    for each in narrower:
        widest.add(each)
    return widest


def _bins(merged: HdrHistogram) -> Sequence[Bin]:
    counts: dict[int, int] = {}
    for item in merged.get_recorded_iterator():
        place = max(0, math.ceil(_BINS_PER_DOUBLING * math.log2(item.value_iterated_to)))
        counts[place] = counts.get(place, 0) + item.count_at_value_iterated_to
    return [
        Bin(above_ms=_bound(place - 1), up_to_ms=_bound(place), batches=counts.get(place, 0))
        for place in range(min(counts), max(counts) + 1)
    ]


def _bound(place: int) -> float:
    return round(2 ** (place / _BINS_PER_DOUBLING) / 1000, 4)
