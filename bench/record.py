"""The file that every benchmark writes: `bench/results/NAME.json`, with the machine, the libraries and the figures."""

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
"""One mapping a row of the table; all have the same keys, and a figure's key names its unit."""


def machine() -> dict[str, Any]:
    """What the figures were measured on; a load average far above 1 says that it was busy with something else too."""
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
    """Write the results of one run, with the versions of the libraries that they depend on; return where they are."""
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
    """The results as a Markdown table, numbers with thousands separated."""
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
