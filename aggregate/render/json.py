"""The report as its published JSON."""

from aggregate.report import Report


def render(report: Report) -> str:
    """The whole report, indented, with every worker's own result inside."""
    return report.model_dump_json(indent=2) + "\n"
