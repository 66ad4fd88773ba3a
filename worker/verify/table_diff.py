"""The differences of a table: counts, and the first differences in full."""

from collections.abc import Mapping

from core.results import MOST_DIFFERENCES, Difference, TableVerification, VerificationReport


class TableDiff:
    """The counts and first differences of one table of one worker."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.expected = self.missing = self.mismatched = self.matched = self.extra = 0
        self.seconds = 0.0
        self._differences: list[Difference] = []

    @property
    def remaining(self) -> int:
        """The number of differences that can still be stored."""
        return MOST_DIFFERENCES - len(self._differences)

    def add_difference(
        self, key: str | None, column: str | None = None, expected: str | None = None, found: str | None = None
    ) -> None:
        """Store a difference, if it is among the first."""
        if self.remaining > 0:
            self._differences.append(
                Difference(key="NULL" if key is None else key, column=column, expected=expected, found=found)
            )

    def drop_cells(self, key: str | None) -> None:
        """Remove the stored cells of a row, after a correct copy of it was found."""
        name = "NULL" if key is None else key
        self._differences = [each for each in self._differences if each.column is None or each.key != name]

    def result(self) -> TableVerification:
        """Return the counts. Found rows are all rows of the source, including extra ones."""
        return TableVerification(
            table=self.table,
            expected=self.expected,
            found=self.matched + self.mismatched + self.extra,
            missing=self.missing,
            mismatched=self.mismatched,
            matched=self.matched,
            extra=self.extra,
            differences=tuple(self._differences),
            duration_ms=round(self.seconds * 1000, 3),
        )


def report_of(diff: Mapping[str, TableDiff]) -> VerificationReport:
    """Return the report of all tables of a worker, with totals."""
    tables = tuple(each.result() for each in diff.values())
    return VerificationReport(
        tables=tables,
        total_expected=sum(table.expected for table in tables),
        total_found=sum(table.found for table in tables),
        total_missing=sum(table.missing for table in tables),
        total_mismatched=sum(table.mismatched for table in tables),
        total_matched=sum(table.matched for table in tables),
        total_extra=sum(table.extra for table in tables),
    )


def describe_differences(report: VerificationReport) -> str | None:
    """Return the differences in one line, or None without differences."""
    wrong = [
        f"{table.table} has {', '.join(parts)}"
        for table in report.tables
        if (parts := [f"{count} {what}" for count, what in _counts(table) if count])
    ]
    return f"verification: {'; '.join(wrong)}" if wrong else None


def _counts(table: TableVerification) -> list[tuple[int, str]]:
    return [(table.missing, "missing"), (table.mismatched, "mismatched"), (table.extra, "extra rows")]
