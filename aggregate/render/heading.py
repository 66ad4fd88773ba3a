"""The lines on top of a report, which name what ran. Facts that are unknown are left out."""

from aggregate.render import formatting
from aggregate.report import Report


def heading(report: Report) -> list[str]:
    """Return what ran with its data, then the run, its date and its server. The plan's digest is its run id."""
    return [text for text in (", ".join((title(report), *_data(report))), ", ".join(_run(report))) if text]


def details(report: Report) -> list[str]:
    """Return the heading without the title."""
    return [", ".join(parts) for parts in (_data(report), _run(report)) if parts]


def title(report: Report) -> str:
    """Return what ran in a few words: `Load test small: populate postgresql on local`."""
    what = (report.operation or "load", report.source, f"on {report.platform}" if report.platform else "")
    return f"Load test{f' {report.stack}' if report.stack else ''}: {' '.join(part for part in what if part)}"


def _data(report: Report) -> list[str]:
    plan = report.plan
    data = [
        _schema(report),
        f"{formatting.count(plan.row_count)} rows per table" if plan else "",
        f"seed {plan.seed}" if plan else "",
    ]
    return [part for part in data if part]


def _run(report: Report) -> list[str]:
    ran = [
        f"run {report.name}" if report.name else "",
        f"plan {report.run_id}" if report.execution_id and report.run_id else "",
        f"{started:%Y-%m-%d %H:%M:%S} UTC" if (started := report.started_at) else "",
        f"server {report.server}" if report.server else "",
    ]
    return [part for part in ran if part]


def _schema(report: Report) -> str:
    names = f"tables {formatting.tables(report.plan.tables)}" if report.plan else ""
    if not report.schema_name:
        return names
    return f"schema {report.schema_name}" + (f" ({names})" if names else "")
