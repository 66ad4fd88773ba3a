"""Split a run of the tests in two: record which tests passed, and leave those out of the next run."""

from collections.abc import Iterable
from pathlib import Path

import pytest


def write_passed(file: Path | None, reports: Iterable[pytest.TestReport]) -> None:
    """Write the names of the reported tests to a file, one per line; nothing without a file."""
    if file is not None:
        names = sorted(report.nodeid for report in reports)
        file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def read_passed(file: Path | None) -> frozenset[str]:
    """Return the names in such a file; none without a file."""
    return frozenset(file.read_text(encoding="utf-8").splitlines()) if file is not None else frozenset()
