"""Collect the results of a run from a stack's outputs, a folder of files or standard input."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aggregate import pulumi_stack
from aggregate.pulumi_stack import run_it
from core.errors import InputError, ResultError
from core.files import reason_of
from core.plan import LoadPlan
from core.process import PLAN_NAME
from core.results import FleetInstants, WorkerResult

RESULTS_FILE = "results.json"
"""A whole run in one file, in the form of a stack's outputs."""
_STACK = "stack "
_SECRET = "[secret]"  # noqa: S105 - the text that Pulumi prints in place of a secret
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Collected:
    """The results of one run, one per worker, and further facts about the run.

    `unreadable` maps workers whose result cannot be read to the reason. `missing` maps workers that ended without a result
    to the reason.
    """

    results: tuple[WorkerResult, ...]
    plan: LoadPlan | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict[str, str])
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    stack: str | None = None
    platform: str | None = None
    source: str | None = None
    execution_id: str | None = None
    schema_name: str | None = None
    server: str | None = None
    instants: FleetInstants = field(default_factory=FleetInstants)
    start_spread_ms: float | None = None
    server_settings: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()

    @property
    def run_id(self) -> str:
        """The run's id; empty if it is unknown."""
        if self.plan is not None:
            return self.plan.run_id
        return next((result.run_id for result in self.results if result.run_id), "")


def from_stack(name: str) -> Collected:
    """Collect the outputs of a stack.

    Raises InputError for a stack that does not exist. Raises ResultError for a stack without a run, and for a stack whose
    last update failed, because its outputs are those of an earlier run.
    """
    outputs = pulumi_stack.outputs(name)
    failed_at = pulumi_stack.last_failure(name)
    collected = replace(_of_outputs(outputs, _STACK + name), stack=name)
    if failed_at is not None and not _is_since(outputs, failed_at):
        earlier = collected.execution_id or collected.run_id
        problem = f"its last update failed; the results are those of the earlier run {earlier}"
        raise ResultError(f"stack {name}: {problem}; {run_it(name)}")
    return collected


def from_folder(folder: Path) -> Collected:
    """Collect the `<worker-id>.json` files of a folder and its `plan.json`, or the folder of a saved run.

    The worker of an invalid file is added to `unreadable`. Raises InputError if the folder does not exist, ResultError if
    it contains neither a result nor a plan.
    """
    if not folder.is_dir():
        raise InputError.of(
            "--results-dir", str(folder), "is not a folder", "use the folder that contains worker-1.json"
        )
    if (saved := folder / RESULTS_FILE).is_file():
        return from_text(_read(saved), str(saved))
    plan_file = folder / PLAN_NAME
    plan = _parsed(LoadPlan, _read(plan_file), str(plan_file)) if plan_file.is_file() else None
    results: list[WorkerResult] = []
    unreadable: dict[str, str] = {}
    for file in sorted(folder.glob("*.json")):
        if file == plan_file:
            continue
        try:
            results.append(_parsed(WorkerResult, _read(file), file.name))
        except InputError as error:
            unreadable[file.stem] = str(error)
    if plan is None and not results and not unreadable:
        raise ResultError(f"no results in {folder}; run a load first, or use the folder that contains worker-1.json")
    return _checked(Collected(tuple(results), plan, unreadable), str(folder))


def from_text(text: bytes, origin: str = "standard input") -> Collected:
    """Collect from JSON: a stack's outputs, a list of results or one result. Raises InputError for anything else."""
    content = _json(text, origin)
    if isinstance(content, list):
        content = {"results": content}
    elif isinstance(content, dict) and "worker_id" in content:
        content = {"results": [content]}
    if not isinstance(content, dict):
        raise InputError(f"{origin}: is neither a stack's outputs nor a list of workers' results; use one of them")
    if "totals" in content:
        raise InputError(f"{origin}: is a finished report; use the {RESULTS_FILE} in the same folder")
    return _of_outputs(content, origin)


def outputs_of(collected: Collected) -> dict[str, Any]:
    """Return the run in the form of a stack's outputs, for `from_text`; without secrets and the server's address."""
    return {
        "runId": collected.run_id,
        "platform": collected.platform,
        "source": collected.source,
        "plan": collected.plan.model_dump(mode="json") if collected.plan is not None else None,
        "results": [result.model_dump(mode="json") for result in collected.results],
        "executionId": collected.execution_id,
        "schema": collected.schema_name,
        "server": collected.server,
        "instants": collected.instants.model_dump(mode="json"),
        "startSpreadMs": collected.start_spread_ms,
        "serverSettings": dict(collected.server_settings),
        "warnings": list(collected.warnings),
    }


def _is_since(outputs: Mapping[str, Any], start: datetime) -> bool:
    """Return whether the run of these outputs started, or was judged, in the update that started at `start`."""
    known = [pulumi_stack.instant(outputs.get(key)) for key in ("startedAt", "failedAt")]
    return any(each is not None and each >= start for each in known)


def _of_outputs(outputs: Mapping[str, Any], origin: str) -> Collected:
    results, error = outputs.get("results"), outputs.get("error")
    if error and not results:
        raise ResultError(f"no results in {origin}: {error}")
    if results == _SECRET:
        raise InputError(f"{origin}: its results are marked as secret; export them as plain outputs")
    if results is None:
        stack = origin.removeprefix(_STACK) if origin.startswith(_STACK) else "NAME"
        raise ResultError(f"no results in {origin}; {run_it(stack)}")
    if not isinstance(results, list):
        raise InputError(f"{origin}: results must be a list; use a stack's outputs or a list of workers' results")
    plan = outputs.get("plan")
    if isinstance(plan, str):
        # The plan is JSON text if it has integers beyond 2^53, which Pulumi would round as doubles.
        plan = _json(plan.encode(), f"{origin}: plan")
    collected = Collected(
        results=tuple(
            _valid(WorkerResult, result, f"{origin}: result {number}") for number, result in enumerate(results, 1)
        ),
        plan=_valid(LoadPlan, plan, f"{origin}: plan") if plan is not None else None,
        platform=outputs.get("platform"),
        source=outputs.get("source"),
        execution_id=outputs.get("executionId") or None,
        schema_name=outputs.get("schema") or None,
        server=outputs.get("server") or None,
        instants=_valid(FleetInstants, outputs.get("instants") or {}, f"{origin}: instants"),
        start_spread_ms=outputs.get("startSpreadMs"),
        server_settings=outputs.get("serverSettings") or {},
        warnings=(*(outputs.get("warnings") or ()), *([error] if error else [])),
    )
    if not collected.results and collected.plan is None:
        raise ResultError(f"no results in {origin}: the list is empty")
    return _checked(collected, origin)


def _checked(collected: Collected, origin: str) -> Collected:
    """Reduce to one result per worker. Raises InputError if the results belong to several runs or to another plan."""
    runs = sorted({result.run_id for result in collected.results if result.run_id})
    if collected.plan is not None and runs and runs != [collected.plan.run_id]:
        other = next(run for run in runs if run != collected.plan.run_id)
        mixed = f"results of run {other!r} are mixed with the plan of run {collected.plan.run_id!r}"
        raise InputError(f"{origin}: {mixed}; use one folder per run")
    if len(runs) > 1:
        some = ", ".join(runs[:3])
        raise InputError(f"{origin}: results of different runs are mixed ({some}); use one folder per run")
    if collected.plan is not None:
        planned = {worker.id for worker in collected.plan.workers}
        found = [result.worker_id for result in collected.results] + list(collected.unreadable)
        if unknown := [worker for worker in found if worker not in planned]:
            raise InputError(f"{origin}: {unknown[0]!r} is not a worker of the plan; use one folder per run")
    return replace(collected, results=_last_attempts(collected.results))


def _last_attempts(results: Iterable[WorkerResult]) -> tuple[WorkerResult, ...]:
    """Return one result per worker: the one with the highest attempt, in the order of the first ones."""
    last: dict[str, WorkerResult] = {}
    for result in results:
        earlier = last.get(result.worker_id)
        if earlier is None or result.attempt >= earlier.attempt:
            last[result.worker_id] = result
    return tuple(last.values())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = reason_of(error).lower()
        raise InputError(f"{file}: cannot be read ({reason}); give this user read access") from None


def _parsed(model: type[_Model], text: bytes, origin: str) -> _Model:
    return _valid(model, _json_object(text, origin), origin)


def _json_object(text: bytes, origin: str) -> dict[str, Any]:
    content = _json(text, origin)
    if not isinstance(content, dict):
        raise InputError(f"{origin}: is not a JSON object; use the JSON that a worker wrote")
    return content


def _json(text: bytes, origin: str) -> Any:
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise InputError(f"{origin}: is not UTF-8 text; use the JSON that a worker wrote") from None
    except json.JSONDecodeError as error:
        if not text.strip():
            raise InputError(f"{origin}: is empty; use the JSON that a worker wrote") from None
        if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated"):
            raise InputError(f"{origin}: is cut off after {len(text)} bytes; copy it again") from None
        raise InputError(f"{origin}: is not JSON (line {error.lineno}: {error.msg}); use what a worker wrote") from None


def _valid(model: type[_Model], content: object, origin: str) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{origin}: {first_problem(error)}") from None


def first_problem(error: ValidationError) -> str:
    """Return the first problem of a validation and the number of the others, in one line."""
    problems: Sequence[Any] = error.errors(include_url=False)
    where = ".".join(str(part) for part in problems[0]["loc"]) or "content"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{where}: {problems[0]['msg'][:1].lower()}{problems[0]['msg'][1:]}{more}"
