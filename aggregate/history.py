"""Save and find reported runs: `runs/<stack>/<id>/` has the plan, the results and the report of each.

The id is that of the execution, so that a plan that ran twice has two entries.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from aggregate.collect import RESULTS_FILE, Collected, first_problem, outputs_of
from aggregate.pulumi_stack import PROJECT
from aggregate.report import VERSION, Report
from core.errors import InputError
from core.files import reason_of, write_atomically
from core.process import PLAN_NAME, loadtest_command

RUNS = PROJECT / "runs"
LATEST, PREVIOUS = "latest", "previous"
KEPT = 50
"""How many runs of a stack are kept by default."""
_REPORT = "report.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class SavedRun:
    """One saved run. `folder` contains plan.json, results.json and report.json."""

    folder: Path
    report: Report

    @property
    def name(self) -> str:
        """The name by which commands find the run: `<stack>/<id>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def started_at(self) -> datetime:
        """The start of the run, as its report has it; if nothing started, the time of the report."""
        file = self.folder / _REPORT
        return self.report.started_at or datetime.fromtimestamp(file.stat().st_mtime, UTC)


def save(collected: Collected, report: Report, runs: Path = RUNS, keep: int = KEPT) -> Path:
    """Save a stack's run, replacing an earlier copy of the same run, and return its folder. Keep the `keep` newest runs.

    Raises InputError for a stack or run id that is not a valid file name, and for a folder that cannot be written.
    """
    for key, name in (("--stack", report.stack or ""), ("run id", report.name)):
        if not _NAME.fullmatch(name):
            raise InputError.of(key, name, "is not a valid folder name", "use letters, digits, '.', '_' and '-'")
    folder = runs / (report.stack or "") / report.name
    files = {RESULTS_FILE: json.dumps(outputs_of(collected)), _REPORT: report.model_dump_json(indent=2)}
    if collected.plan is not None:
        files[PLAN_NAME] = collected.plan.model_dump_json(indent=2)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_atomically(folder / name, text)
        _remove_old(runs, report.stack or "", keep, folder)
    except OSError as error:
        reason = reason_of(error).lower()
        raise InputError.of("--runs", str(runs), f"cannot be written ({reason})", "use another folder") from None
    return folder


def saved_runs(runs: Path = RUNS, stack: str | None = None) -> list[SavedRun]:
    """Return the saved runs of one stack or of all, ordered by their start."""
    return sorted(_all(runs, stack), key=lambda run: run.started_at)


def last_saved(stack: str, runs: Path = RUNS) -> SavedRun | None:
    """Return the run of a stack whose report was saved last; None if none is."""
    files = list(runs.glob(f"{stack}/*/{_REPORT}"))
    if not files:
        return None
    file = max(files, key=lambda each: each.stat().st_mtime_ns)
    return SavedRun(file.parent, read(file))


def find(name: str, runs: Path = RUNS, stack: str | None = None) -> Report:
    """Return the report in a file, or of a saved run: its id, `<stack>/<id>`, a stack, `latest` or `previous`.

    A stack, and the run id of a plan that ran more than once, stand for the latest of their runs. Raises InputError for an
    unknown name and for an id that several stacks have.
    """
    if Path(name).is_file():
        return read(Path(name))
    known = saved_runs(runs, stack)
    head, slash, tail = name.rpartition("/")
    if slash:
        known = [run for run in known if run.folder.parent.name == head]
    if tail in (LATEST, PREVIOUS):
        place = 1 if tail == LATEST else 2
        if len(known) < place:
            raise InputError.of(
                "run", name, f"does not exist: {len(known)} runs are saved", "report a stack's run first"
            )
        return known[-place].report
    found = (
        [run for run in known if run.folder.name == tail]
        or [run for run in known if run.report.run_id == tail]
        or [run for run in known if run.folder.parent.name == name]
    )
    if not found:
        raise InputError.of(
            "run", name, "is neither a report file nor a saved run", f"list runs with: {loadtest_command('history')}"
        )
    newest = {run.folder.parent: run for run in found}
    if len(newest) > 1:
        some = ", ".join(run.name for run in newest.values())
        raise InputError.of("run", name, "is a run of several stacks", f"use one of {some}")
    return found[-1].report


def read(file: Path) -> Report:
    """Read a report from its JSON file. Raises InputError for invalid content and for another version."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        raise InputError(f"{file}: cannot be read as JSON; use a report.json") from None
    version = content.get("version") if isinstance(content, dict) else None
    if version != VERSION:
        problem = "is not a report" if version is None else f"is a report of version {version}, not {VERSION}"
        raise InputError(f"{file}: {problem}; create it again from its results with --output-format json")
    try:
        return Report.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{file}: {first_problem(error)}") from None


def _remove_old(runs: Path, stack: str, keep: int, saved: Path) -> None:
    """Remove the files of a stack's oldest runs; what a user added to their folders stays."""
    reports = [file for file in runs.glob(f"{stack}/*/{_REPORT}") if file.parent != saved]
    old = [file.parent for file in sorted(reports, key=_started_at)]
    for folder in old[: max(len(old) + 1 - max(keep, 1), 0)]:
        for name in (_REPORT, RESULTS_FILE, PLAN_NAME):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def _started_at(file: Path) -> datetime:
    """Return the start of the run of a report; of a report that cannot be read, the time of the file."""
    try:
        return SavedRun(file.parent, read(file)).started_at
    except InputError:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _all(runs: Path, stack: str | None) -> Iterator[SavedRun]:
    for file in runs.glob(f"{stack or '*'}/*/{_REPORT}"):
        yield SavedRun(file.parent, read(file))
