"""Write the results of a benchmark to `bench/results/NAME.json`, with the machine, the libraries and the figures."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Results = Sequence[Mapping[str, Any]]
"""One mapping per row of the table. All have the same keys, and the key of a figure names its unit."""


def machine() -> dict[str, Any]:
    """Return a description of the machine. A load average far above 1 means that it was also busy with something else."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def record(name: str, results: Results, libraries: Sequence[str], settings: Mapping[str, Any] | None = None) -> Path:
    """Write the results of one run, with the versions of the libraries that affect them; return the file's path."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "benchmark": name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {library: version(library) for library in libraries},
        "settings": dict(settings or {}),
        "results": list(results),
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def table(results: Results) -> str:
    """Return the results as a Markdown table, with thousands separators."""
    names = list(results[0])
    rows = [[_shown(row[name]) for name in names] for row in results]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [names, ["---"] * len(names), *rows])


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
