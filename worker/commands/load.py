"""`worker` without a command: load one worker's share of a plan file, or the tables that the options name."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pydantic import ValidationError

from core.errors import InputError, PlanError
from core.options import LoadOptions, OnExisting, Operation, VerifyDepth
from core.plan import LoadPlan, partition, worker_id
from core.process import INDEX_ARGUMENT, PLAN_ARGUMENT, result_file
from core.schema.checks import check_limits
from core.schema.file import load_schema
from core.stores import METHODS, SOURCES, Capabilities, capabilities_of
from worker.assignment import Assignment, Folders, connection_of, read_plan
from worker.gate import Gate
from worker.lifecycle import run_worker
from worker.result.retry_marker import attempt_of_environment, begin_attempt
from worker.sources.base import WorkerSlot

_FLEET_OPTIONS = frozenset({"timeout_seconds", "retries", "start_seconds", "allow_fewer_workers"})
"""Options for the fleet, which a worker does not read."""
_OPTIONS = {name: field for name, field in LoadOptions.model_fields.items() if name not in _FLEET_OPTIONS}
_CHOICES = {
    "operation": [str(choice) for choice in Operation],
    "verify_depth": [str(choice) for choice in VerifyDepth],
    "method": METHODS,
    "on_existing": [str(choice) for choice in OnExisting],
}
_DEFAULTS = {"row_count": 1000, "on_existing": None}
"""Defaults of the command line that differ from those of a stack."""
_SHOWN = {"on_existing": "fail on a server, empty for files"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options for a plan file, and those for a load without one."""
    parser.add_argument(PLAN_ARGUMENT, type=Path, help="a plan file; needs --index and replaces the other options")
    parser.add_argument(INDEX_ARGUMENT, type=int, help="the number of this worker in the plan, from 0")
    parser.add_argument("--worker-id", default=worker_id(0), help="the name of the worker in the report")
    parser.add_argument("--schema", type=Path, help="the schema file")
    parser.add_argument("--source", help=", ".join(SOURCES))
    parser.add_argument("--tables", help="names separated by commas (default: all tables of the schema)")
    for name, field in _OPTIONS.items():
        default = _DEFAULTS.get(name, field.default)
        parser.add_argument(
            _argument(name),
            type=int if field.annotation is int else str,
            choices=_CHOICES.get(name),
            default=default,
            help=f"{field.description} (default: {_SHOWN.get(name, default)})",
        )
    parser.add_argument("--connection-string", help="the server, or a file: URL (default: from the environment)")
    parser.add_argument("--metrics-output", type=Path, help="the result's file (default: /results/WORKER-ID.json)")


def run(arguments: Namespace) -> int:
    """Load and write the result; return the worker's exit code."""
    folders = Folders.of_environment()
    if arguments.plan is not None:
        plan = read_plan(arguments.plan)
        index = _index(arguments)
        worker = plan.worker(index)
    else:
        plan, index = _plan_of(arguments), 0
        worker = plan.workers[0].model_copy(update={"id": arguments.worker_id})
    assignment = Assignment(
        plan=plan,
        worker=worker,
        slot=WorkerSlot.of(plan, index),
        connection=connection_of(plan, arguments.connection_string, folders),
        folders=folders,
        result_path=arguments.metrics_output or result_file(folders.results, worker.id),
        # A worker without a plan creates its tables empty, so it has no earlier attempt to undo.
        attempt=attempt_of_environment() if arguments.plan is None else begin_attempt(folders.results, worker.id),
        gate=Gate.of_environment(),
        prepares=arguments.plan is None,
    )
    return run_worker(assignment)


def _index(arguments: Namespace) -> int:
    if arguments.index is None:
        raise InputError("--index: is missing; with --plan, give the number of this worker, from 0")
    return int(arguments.index)


def _plan_of(arguments: Namespace) -> LoadPlan:
    """Return a plan with one worker and without limits, from the command line options."""
    for option in ("schema", "source"):
        if getattr(arguments, option) is None:
            raise InputError(f"--{option}: is missing; give it, or give --plan and --index")
    capabilities = capabilities_of(arguments.source, "--source")
    options = _options_of(arguments, capabilities)
    schema = load_schema(arguments.schema)
    names = [name.strip() for name in arguments.tables.split(",")] if arguments.tables else None
    tables = [table.name for table in schema.tables if names is None or table.name in names]
    if names is not None and (unknown := set(names) - set(tables)):
        raise PlanError(
            f"--tables: {', '.join(sorted(unknown))!r} is not a table of {arguments.schema}; write names out of "
            + ", ".join(table.name for table in schema.tables)
        )
    check_limits(capabilities.name, map(schema.table, tables))
    return LoadPlan(
        run_id="",
        source=capabilities.name,
        **options.load_options(),
        limits=None,
        data=schema,
        workers=partition(schema, tables, options.row_count, 1, options.seed),
    )


def _options_of(arguments: Namespace, capabilities: Capabilities) -> LoadOptions:
    given = {name: getattr(arguments, name) for name in _OPTIONS}
    given["on_existing"] = given["on_existing"] or (OnExisting.FAIL if capabilities.needs_server else OnExisting.EMPTY)
    try:
        return LoadOptions(**given)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise InputError.of(_argument(name), given[name], "must be above zero", "write a number from 1") from None


def _argument(name: str) -> str:
    return "--" + name.replace("_", "-")
