"""Write docs/report.schema.json, and the table of metrics in docs/report.md from `core/metrics.py`."""

import sys
from pathlib import Path

from aggregate.commands.schema import published_schema
from core.metrics import METRICS
from scripts.marked_page import page_with

DOCS = Path(__file__).parent.parent / "docs"


def metrics_table() -> str:
    """Return the table in Markdown."""
    head = "| metric | unit | better | description |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| `{metric.name}` | {metric.unit} | {metric.better or ''} | {metric.description} |"
        for metric in METRICS.values()
    )


def main() -> int:
    """Rewrite both files."""
    (DOCS / "report.schema.json").write_text(published_schema(), encoding="utf-8")
    page = DOCS / "report.md"
    page.write_text(page_with("metrics", metrics_table(), page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
