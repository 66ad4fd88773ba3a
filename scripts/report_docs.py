"""Write docs/report.schema.json, and the table of metrics in docs/report.md from `core/metrics.py`."""

import sys
from pathlib import Path

from aggregate.commands.schema import published_schema
from core.metrics import METRICS

DOCS = Path(__file__).parent.parent / "docs"
_BEGIN, _END = "<!-- metrics:", "<!-- /metrics -->"


def metrics_table() -> str:
    """Return the table in Markdown."""
    head = "| metric | unit | better | description |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| `{metric.name}` | {metric.unit} | {metric.better or ''} | {metric.description} |"
        for metric in METRICS.values()
    )


def page_with_table(page: str, table: str) -> str:
    """Return the page with the table between its two marks."""
    before, _, rest = page.partition(_BEGIN)
    mark, _, rest = rest.partition("\n")
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{mark}\n{table}\n{_END}{after}"


def main() -> int:
    """Rewrite both files."""
    (DOCS / "report.schema.json").write_text(published_schema(), encoding="utf-8")
    page = DOCS / "report.md"
    page.write_text(page_with_table(page.read_text(encoding="utf-8"), metrics_table()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
