"""Batch latencies in an HdrHistogram: microseconds, three digits, mergeable over workers.

Source: hdrhistogram.org; the encoded form is the compressed V2 log format in base64.
"""

from hdrh.histogram import HdrHistogram

from core.results import Latency

LOWEST, HIGHEST, DIGITS = 1, 3_600_000_000, 3
"""Microseconds: from one to an hour."""


class Latencies:
    """Recorded once a batch, never once a row: a record costs about a microsecond."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(LOWEST, HIGHEST, DIGITS)

    def record(self, seconds: float) -> None:
        """One batch, from handing it over to its acknowledgement."""
        self._histogram.record_value(min(max(round(seconds * 1e6), LOWEST), HIGHEST))

    def percentile(self, percent: float) -> float:
        """Milliseconds below which that share of the batches lies."""
        return float(self._histogram.get_value_at_percentile(percent)) / 1000

    def summary(self, batch_size: int) -> Latency | None:
        """The result's latencies, or None before the first batch."""
        if not self._histogram.get_total_count():
            return None
        return Latency(
            p50=self.percentile(50),
            p90=self.percentile(90),
            p99=self.percentile(99),
            p999=self.percentile(99.9),
            max=float(self._histogram.get_max_value()) / 1000,
            batch_size=batch_size,
            histogram=self._histogram.encode().decode(),
        )
