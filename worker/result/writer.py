"""Write the result: the last line on standard output, a file, and the Kubernetes termination message."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hdrh.histogram import HdrHistogram

from core.errors import StorageError
from core.files import reason_of, write_atomically
from core.process import TERMINATION_VARIABLE
from core.results import WorkerResult
from worker.result.counters import HIGHEST, LOWEST

LIMIT = 4096
"""Bytes of a container's termination message. The kubelet cuts off a longer text, which is then not valid JSON."""
LATENCY_TIMELINE, TIMELINE = "latency timeline", "timeline"
HISTOGRAM_DETAIL, HISTOGRAM = "histogram detail", "histogram"
DIFFERENCES, SETTINGS, SHARDS, ERRORS, REST = "differences", "server settings", "shards", "errors", "the rest"
_ERRORS_KEPT, _ERROR_LENGTH = 3, 200


def write_result(result: WorkerResult, path: Path, write: Callable[[str], object]) -> None:
    """Write the result as a line, then to the files.

    The line comes first because it needs no disk space. Raises StorageError if a file cannot be written.
    """
    text = result.model_dump_json()
    write(text)
    if termination_log := os.environ.get(TERMINATION_VARIABLE):
        with _translate_os_errors(Path(termination_log)):
            Path(termination_log).write_text(termination_message(result), encoding="utf-8")
    with _translate_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text + "\n")


@contextmanager
def _translate_os_errors(path: Path) -> Iterator[None]:
    """Raise StorageError for an OSError."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: the result could not be written ({reason_of(error)}); it is in the log") from error


def termination_message(result: WorkerResult) -> str:
    """Return the result as JSON of at most LIMIT bytes; `omitted` lists the parts that were left out.

    The log has the complete result as its last line.
    """
    text = result.model_dump_json()
    for name, leave_out in _steps():
        if len(text.encode()) <= LIMIT:
            return text
        shorter = leave_out(result)
        if shorter != result:
            result = shorter.model_copy(update={"omitted": tuple(dict.fromkeys((*result.omitted, name)))})
            text = result.model_dump_json()
    return text


def _steps() -> Iterator[tuple[str, Callable[[WorkerResult], WorkerResult]]]:
    """Yield what to leave out, least important first, until the rest fits. After the last step it always fits."""
    yield LATENCY_TIMELINE, lambda result: result.model_copy(update={"latency_timeline": None})
    yield TIMELINE, lambda result: result.model_copy(update={"timeline": ()})
    yield HISTOGRAM_DETAIL, lambda result: _with_histogram(result, digits=2)
    yield HISTOGRAM_DETAIL, lambda result: _with_histogram(result, digits=1)
    yield DIFFERENCES, _without_differences
    yield SETTINGS, lambda result: result.model_copy(update={"server_settings": {}})
    yield HISTOGRAM, lambda result: _with_histogram(result, digits=None)
    yield SHARDS, lambda result: result.model_copy(update={"shards": ()})
    yield ERRORS, lambda result: result.model_copy(update={"errors": _shortened(result.errors)})
    yield REST, _bare


def _with_histogram(result: WorkerResult, digits: int | None) -> WorkerResult:
    """Return the result with a histogram of this many significant digits, or without a histogram."""
    latency = result.latency_ms
    if latency is None or latency.histogram is None:
        return result
    histogram = None
    if digits is not None:
        coarse = HdrHistogram(LOWEST, HIGHEST, digits)
        coarse.add(HdrHistogram.decode(latency.histogram))
        histogram = coarse.encode().decode()
    return result.model_copy(update={"latency_ms": latency.model_copy(update={"histogram": histogram})})


def _without_differences(result: WorkerResult) -> WorkerResult:
    """Return the result without the examples of differences; the counts remain."""
    report = result.verification_report
    if report is None:
        return result
    tables = tuple(table.model_copy(update={"differences": ()}) for table in report.tables)
    return result.model_copy(update={"verification_report": report.model_copy(update={"tables": tables})})


def _shortened(errors: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(error[:_ERROR_LENGTH] for error in errors[:_ERRORS_KEPT])


def _bare(result: WorkerResult) -> WorkerResult:
    """Return the result without parts of unbounded length; the totals of the verification remain."""
    report = result.verification_report
    bare = report.model_copy(update={"tables": ()}) if report else None
    return result.model_copy(update={"tables_processed": (), "verification_report": bare})
