"""Print the JSON Schema of the JSON report."""

import argparse
import json
from typing import Any

from aggregate.commands import write
from aggregate.report import Report
from core.errors import ExitCode
from core.metrics import METRICS

HELP = "print the JSON Schema of the JSON report"

_MODELS = {"totals": "Totals", "latency_ms": "Percentiles", "verification": "Verification"}
"""The schema's name for each group of metrics."""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: there is one schema."""


def run(_arguments: argparse.Namespace) -> int:
    """Print the schema."""
    write(published_schema())
    return ExitCode.OK


def published_schema() -> str:
    """Return the text of docs/report.schema.json: each metric with its unit and description."""
    schema = Report.model_json_schema(mode="serialization")
    for metric in METRICS.values():
        field: dict[str, Any] = schema["$defs"][_MODELS[metric.group]]["properties"][metric.field]
        field["description"] = f"{metric.description} Unit: {metric.unit}."
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
