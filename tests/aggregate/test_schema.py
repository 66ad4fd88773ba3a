import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from aggregate import totals
from aggregate.collect import Collected
from aggregate.commands import schema
from aggregate.render.text import as_json
from aggregate.report import Percentiles, Totals, Verification
from core.metrics import METRICS
from core.results import ExitReason
from scripts.marked_page import page_with
from scripts.report_docs import metrics_table
from tests.aggregate import runs

DOCS = Path(__file__).resolve().parents[2] / "docs"
PUBLISHED = DOCS / "report.schema.json"


def test_published_schema_is_current():
    assert PUBLISHED.read_text(encoding="utf-8") == schema.published_schema(), (
        "write it with: python -m scripts.report_docs"
    )


def test_documented_metrics_are_current():
    page = (DOCS / "report.md").read_text(encoding="utf-8")
    assert page_with("metrics", metrics_table(), page) == page, "write it with: python -m scripts.report_docs"


def test_every_figure_of_the_report_is_a_metric():
    models: dict[str, type[BaseModel]] = {"totals": Totals, "latency_ms": Percentiles, "verification": Verification}
    fields = {
        (group, name)
        for group, model in models.items()
        for name, field in model.model_fields.items()
        if field.annotation in (int, float, int | None, float | None)
    }
    about_histograms = {("latency_ms", name) for name in ("batches", "rows", "workers")}
    assert {(metric.group, metric.field) for metric in METRICS.values()} == fields - about_histograms


@pytest.mark.parametrize(
    "results",
    [
        pytest.param(runs.three_workers(), id="whole"),
        pytest.param([runs.failed(1, ExitReason.OOM_KILLED, "killed")], id="failed"),
        pytest.param([], id="empty"),
        pytest.param(
            [runs.result(latency_ms=runs.latency([1]), verification_report=runs.verified(missing=1))], id="full"
        ),
    ],
)
def test_report_conforms_to_schema(results):
    report = json.loads(as_json(totals.report(Collected(tuple(results), runs.plan()))))
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.validate(report, published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, "version": 2}, published)
