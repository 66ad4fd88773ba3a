"""Write the tables of docs/benchmarks.md from bench/results/*.json."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "benchmarks.md"
RESULTS = PROJECT / "bench" / "results"
_BLOCK = re.compile(r"(<!-- benchmark: (\w+) -->\n).*?(<!-- /benchmark -->)", re.DOTALL)

Row = Mapping[str, Any]
Columns = Mapping[str, str]
"""Heading by key of a result."""

_SOURCES: Columns = {
    "source": "source",
    "rows": "rows",
    "rows_per_second": "rows/s",
    "reference": "reference",
    "reference_rows_per_second": "its rows/s",
    "ratio": "ratio",
    "batch_500_rows_per_second": "rows/s, batches of 500",
    "insert_rows_per_second": "rows/s, `method: insert`",
    "peak_memory_mb": "peak MiB",
}
_MEMORY: Columns = {
    "source": "source",
    "rows": "rows",
    "load_peak_mb": "loading, MiB",
    "verify_peak_mb": "verifying, MiB",
}
_ENCODE: Columns = {
    "table": "table",
    "format": "format",
    "bytes_per_row": "bytes per row",
    "rows_per_second": "rows/s",
    "mb_per_second": "MB/s",
}
_LOAD: Columns = {
    "case": "case",
    "rows_per_second": "rows/s",
    "reference": "reference",
    "reference_rows_per_second": "its rows/s",
    "ratio": "ratio",
    "peak_memory_mb": "peak MiB",
}
_VERIFY: Columns = {
    "source": "source",
    "rows": "rows",
    "rows_per_second": "rows/s",
    "reference": "reference",
    "reference_rows_per_second": "its rows/s",
    "ratio": "ratio",
    "peak_memory_mb": "peak MiB",
}
_AGGREGATE: Columns = {
    "case": "format",
    "seconds": "seconds",
    "cpu_seconds": "CPU seconds",
    "peak_memory_mb": "peak MiB",
    "bytes": "bytes",
}
_SOAK: Columns = {
    "run": "run",
    "worker_mb": "worker, MiB",
    "worker_files": "worker, files",
    "engine_mb": "engine, MiB",
    "engine_files": "engine, files",
    "server_private_mb": "server without shared buffers, MiB",
    "server_files": "server, files",
}


def page_with_tables(page: str, results: Path = RESULTS) -> str:
    """Return the page with each marked block filled from the result file of that name."""

    def filled(block: re.Match[str]) -> str:
        content = json.loads((results / f"{block[2]}.json").read_text(encoding="utf-8"))
        return f"{block[1]}{_origin(content)}\n\n{TABLES[block[2]](content)}\n{block[3]}"

    return _BLOCK.sub(filled, page)


def main() -> int:
    """Rewrite docs/benchmarks.md."""
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _origin(content: Mapping[str, Any]) -> str:
    machine = content["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    return (
        f"Measured {content['measured_at'][:10]} on {machine['cpu']}, {machine['cores']} cores, load average "
        f"{machine['load_average']}, Python {machine['python']}; {versions}."
    )


def _table(columns: Columns, rows: Sequence[Row]) -> str:
    lines = [" | ".join(columns.values()), "|".join(["---"] * len(columns))]
    lines += [" | ".join(_cell(row[key]) for key in columns) for row in rows]
    return "\n".join(f"|{line}|" if set(line) <= {"-", "|"} else f"| {line} |" for line in lines)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}" if value >= 10 else f"{value:.2f}"
        case _:
            return str(value).replace("|", "\\|")


def _all(columns: Columns) -> Callable[[Mapping[str, Any]], str]:
    return lambda content: _table(columns, content["results"])


def _generate(content: Mapping[str, Any]) -> str:
    rows = content["results"]
    compared = [row for row in rows if row["reference"]]
    sized = [row for row in rows if row["case"].endswith("rows each")]
    columns = [row for row in rows if row not in compared and row not in sized]
    reference = {"reference": "reference", "reference_rows_per_second": "its rows/s", "ratio": "ratio"}
    tables = (
        _table({"case": "case", "rows_per_second": "rows/s", **reference}, compared),
        _table({"case": "rows", "rows_per_second": "rows/s", "peak_memory_mb": "peak MiB"}, sized),
        _table({"case": "type and generator", "nanoseconds_per_row": "ns per cell"}, columns),
    )
    return "\n\n".join(tables)


def _soak(content: Mapping[str, Any]) -> str:
    results = content["results"]
    return _table(_SOAK, [results[0], results[len(results) // 2], results[-1]])


def _false_regressions(content: Mapping[str, Any]) -> str:
    results = content["results"]
    changes = sorted(abs(float(row["change"])) for row in results)
    regressions = sum(row["verdict"] != "ok" for row in results)
    headings = {
        "trials": "trials",
        "median": "median change",
        "largest": "largest change",
        "found": "regressions found",
    }
    row = {
        "trials": len(results),
        "median": f"{changes[len(changes) // 2]:.0%}",
        "largest": f"{changes[-1]:.0%}",
        "found": regressions,
    }
    return _table(headings, [row])


def _interrupted(content: Mapping[str, Any]) -> str:
    rows = []
    for platform in dict.fromkeys(row["platform"] for row in content["results"]):
        own = [row for row in content["results"] if row["platform"] == platform]
        rows.append({"platform": platform, "trials": len(own), "clean": sum(row["clean"] for row in own)})
    return _table({"platform": "platform", "trials": "runs killed", "clean": "nothing left afterwards"}, rows)


def _faults(content: Mapping[str, Any]) -> str:
    columns = {
        "fault": "fault",
        "source": "source",
        "trials": "trials",
        "as_expected": "as expected",
        "seconds": "seconds",
    }
    return _table(columns, content["results"])


def _mutants(content: Mapping[str, Any]) -> str:
    return _table(
        {"fault": "fault put into the code", "caught": "caught", "seconds": "seconds"},
        [{**row, "caught": "yes" if row["caught"] else "no"} for row in content["results"]],
    )


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sources": _all(_SOURCES),
    "memory": _all(_MEMORY),
    "encode": _all(_ENCODE),
    "load": _all(_LOAD),
    "verify": _all(_VERIFY),
    "aggregate": _all(_AGGREGATE),
    "generate": _generate,
    "soak": _soak,
    "false_regressions": _false_regressions,
    "interrupted": _interrupted,
    "faults": _faults,
    "mutants": _mutants,
}
"""The table of each result file."""


if __name__ == "__main__":
    sys.exit(main())
