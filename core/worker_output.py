"""Read what a worker writes to its standard output: progress lines, and the result as the last line."""

from collections.abc import Iterator

from pydantic import ValidationError

from core.results import CONNECTING, Progress, WorkerResult


def lines_of(output: str) -> list[str]:
    """Split an output at its line feeds. `str.splitlines` also splits at characters that JSON does not escape."""
    return output.removesuffix("\n").split("\n")


def is_ready(output: str) -> bool:
    """Return whether the worker with this output is ready to load, or already loads."""
    progress = next((report for report in reports_of(output) if isinstance(report, Progress)), None)
    return progress is not None and progress.phase != CONNECTING


def reports_of(output: str) -> Iterator[Progress | WorkerResult]:
    """Yield the progress and the results in an output, the newest first.

    Other lines are ignored, and so is a line that is cut off, as the last one is while the worker writes it.
    """
    for line in reversed(lines_of(output)):
        if not line.startswith("{"):
            continue
        model = Progress if line.startswith('{"progress":') else WorkerResult
        try:
            yield model.model_validate_json(line)
        except ValidationError:
            continue
