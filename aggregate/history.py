"""The runs that were reported: `runs/<stack>/<run-id>/` holds each one's plan, results and report."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from aggregate.collect import KEPT_FILE, PLAN_FILE, PROJECT, Collected, first_problem, outputs_of
from aggregate.report import VERSION, Report
from core.errors import InputError
from core.files import write_atomically

RUNS = PROJECT / "runs"
LATEST, PREVIOUS = "latest", "previous"
_REPORT = "report.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Kept:
    """One kept run. `folder` holds plan.json, results.json and report.json."""

    folder: Path
    report: Report

    @property
    def name(self) -> str:
        """`<stack>/<run-id>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def started_at(self) -> datetime:
        """When its first worker started, or when it was reported if none did."""
        file = self.folder / _REPORT
        return self.report.totals.started_at or datetime.fromtimestamp(file.stat().st_mtime, UTC)


def keep(collected: Collected, report: Report, runs: Path = RUNS) -> Path:
    """Keep a stack's run; the same run again replaces what was kept. Returns its folder.

    Raises InputError for a stack or a run id that is no file name, and for a folder that cannot be written to.
    """
    for key, name in (("--stack", report.stack or ""), ("run id", report.run_id)):
        if not _NAME.fullmatch(name):
            raise InputError.of(key, name, "cannot name a folder", "write letters, digits, '.', '_' and '-'")
    folder = runs / (report.stack or "") / report.run_id
    files = {KEPT_FILE: json.dumps(outputs_of(collected)), _REPORT: report.model_dump_json(indent=2)}
    if collected.plan is not None:
        files[PLAN_FILE] = collected.plan.model_dump_json(indent=2)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_atomically(folder / name, text)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise InputError.of("--runs", str(runs), f"cannot be written to ({reason})", "name another folder") from None
    return folder


def kept(runs: Path = RUNS, stack: str | None = None) -> list[Kept]:
    """The kept runs, of one stack or of all, in the order in which they started."""
    return sorted(_all(runs, stack), key=lambda run: run.started_at)


def find(name: str, runs: Path = RUNS, stack: str | None = None) -> Report:
    """The report of a file, of a kept run's id, of `<stack>/<run-id>`, of `latest` or of `previous`.

    Raises InputError for a name that is none of them, or that two stacks share.
    """
    if Path(name).is_file():
        return read(Path(name))
    known = kept(runs, stack)
    head, slash, tail = name.rpartition("/")
    if slash:
        known = [run for run in known if run.folder.parent.name == head]
    if tail in (LATEST, PREVIOUS):
        place = 1 if tail == LATEST else 2
        if len(known) < place:
            raise InputError.of("run", name, f"is not there: {len(known)} runs are kept", "report a stack's run first")
        return known[-place].report
    found = [run for run in known if run.folder.name == tail]
    if not found:
        raise InputError.of("run", name, "is neither a report file nor a kept run", "see: python -m aggregate history")
    if len(found) > 1:
        raise InputError.of(
            "run", name, "is a run of several stacks", f"write one of {', '.join(r.name for r in found)}"
        )
    return found[0].report


def read(file: Path) -> Report:
    """A report from its JSON. Raises InputError for a file that holds none, or one of another version."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        raise InputError(f"{file}: cannot be read as JSON; name a report.json") from None
    version = content.get("version") if isinstance(content, dict) else None
    if version != VERSION:
        said = (
            "is no report" if version is None else f"is a report of version {version}, and this program reads {VERSION}"
        )
        raise InputError(f"{file}: {said}; make it again from its results, with --output-format json")
    try:
        return Report.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{file}: {first_problem(error)}") from None


def _all(runs: Path, stack: str | None) -> Iterator[Kept]:
    for file in runs.glob(f"{stack or '*'}/*/{_REPORT}"):
        yield Kept(file.parent, read(file))
