"""Record the outcome of the campaign: one row per fault and source, merged with those of earlier campaigns."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bench.faults.trial import Verdict
from bench.record import RESULTS, record

NAME = "faults"
_LIBRARIES = ("pyarrow", "numpy", "psycopg", "PyMySQL", "pymongo", "neo4j", "confluent-kafka", "docker")


def row(fault: str, source: str, verdicts: Sequence[Verdict], seconds: float) -> Mapping[str, Any]:
    """Return the row of one fault and source."""
    by_moment = sorted(verdicts, key=lambda verdict: verdict.of_load or 0.0)
    return {
        "fault": fault,
        "source": source,
        "trials": len(verdicts),
        "as_expected": sum(not verdict.wrong for verdict in verdicts),
        "wrong": list(dict.fromkeys(text for verdict in verdicts for text in verdict.wrong)),
        "of_load": [verdict.of_load for verdict in by_moment if verdict.of_load is not None],
        "rows_there": [v.rows_there for v in by_moment if v.rows_there is not None],
        "errors": list(dict.fromkeys(verdict.errors for verdict in verdicts if verdict.errors)),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds),
    }


def keep(found: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Write the row into the campaign's file, replacing an earlier row of the same fault and source."""
    rows = {(known["fault"], known["source"]): known for known in _known()}
    rows[found["fault"], found["source"]] = found
    record(NAME, [rows[key] for key in sorted(rows)], _LIBRARIES, settings)


def _known() -> Sequence[Mapping[str, Any]]:
    path = RESULTS / f"{NAME}.json"
    known: list[Mapping[str, Any]] = json.loads(path.read_text())["results"] if path.is_file() else []
    return known
