import json
from pathlib import Path

import jsonschema
import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.commands import schema
from aggregate.render import json as json_format
from core.results import ExitReason
from tests.aggregate import runs

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"


def test_the_published_schema_is_this_programs():
    assert PUBLISHED.read_text(encoding="utf-8") == schema.published(), "make it with: python -m aggregate schema"


@pytest.mark.parametrize(
    "results",
    [
        pytest.param(runs.seed_run(), id="whole"),
        pytest.param([runs.failed(1, ExitReason.OOM_KILLED, "killed")], id="failed"),
        pytest.param([], id="empty"),
        pytest.param(
            [runs.result(latency_ms=runs.latency([1]), verification_report=runs.verified(missing=1))], id="full"
        ),
    ],
)
def test_every_report_is_as_the_schema_says(results):
    report = json.loads(json_format.render(totals.report(Collected(tuple(results), runs.plan()))))
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.validate(report, published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, "version": 2}, published)
