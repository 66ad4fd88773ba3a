"""`worker` itself: loads the share that a plan file's index or the seed's arguments name."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.errors import InputError, PlanError
from core.plan import LoadPlan, OnExisting, Operation, VerifyDepth, partition
from core.schema.checks.limits import check_limits
from core.schema.file import load_schema
from core.stores import BULK, METHODS, capabilities_of
from worker.assignment import Assignment, Folders, connection_of, read_plan
from worker.lifecycle import run_worker
from worker.result.retry_marker import attempt_of_environment, begin_attempt
from worker.sources.base import WorkerSlot


def add_arguments(parser: ArgumentParser) -> None:
    """The seed's options, and the plan's."""
    parser.add_argument("--plan", type=Path, help="a plan file: with --index, all that the other options say")
    parser.add_argument("--index", type=int, help="which worker of the plan this is, from 0")
    parser.add_argument("--worker-id", default="worker-1", help="how the worker is called in the report")
    parser.add_argument("--schema", type=Path, help="the schema file")
    parser.add_argument("--source", help="postgresql, csv, jsonl, ...")
    parser.add_argument("--tables", help="comma-separated; all tables of the schema when absent")
    parser.add_argument("--row-count", type=int, default=1000, help="rows per table (default: 1000)")
    parser.add_argument("--seed", type=int, default=42, help="the base seed (default: 42)")
    parser.add_argument(
        "--operation",
        choices=[choice.value for choice in Operation],
        default=Operation.POPULATE,
        help="load, compare with what is there, or both (default: populate)",
    )
    parser.add_argument(
        "--verify-depth",
        choices=[choice.value for choice in VerifyDepth],
        default=VerifyDepth.FULL,
        help="compare every cell, or the sums that a server makes (default: full)",
    )
    parser.add_argument("--batch-size", type=int, default=500, help="rows per commit (default: 500)")
    parser.add_argument("--method", choices=METHODS, default=BULK, help="the source's bulk path, or plain inserts")
    parser.add_argument("--connection-string", help="the server, or a file: URL (default: from the environment)")
    parser.add_argument(
        "--on-existing",
        choices=[choice.value for choice in OnExisting],
        help="what to do with a table that is there already (default: fail on a server, empty for files)",
    )
    parser.add_argument("--metrics-output", type=Path, help="the result's file (default: /results/WORKER-ID.json)")


def run(arguments: Namespace) -> int:
    """Load, and deliver the result; returns the worker's exit code."""
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
        result_path=arguments.metrics_output or folders.results / f"{worker.id}.json",
        # A worker that makes its tables itself, as a new one does, has no earlier attempt to take back.
        attempt=attempt_of_environment() if arguments.plan is None else begin_attempt(folders.results, worker.id),
        prepares=arguments.plan is None,
    )
    return run_worker(assignment)


def _index(arguments: Namespace) -> int:
    if arguments.index is None:
        raise InputError("--index: is missing; with --plan, write which worker this is, from 0")
    return int(arguments.index)


def _plan_of(arguments: Namespace) -> LoadPlan:
    """A plan of one worker, from the seed's arguments, without limits of its own."""
    for option in ("schema", "source"):
        if getattr(arguments, option) is None:
            raise InputError(f"--{option}: is missing; give it, or give --plan and --index")
    for option in ("row_count", "batch_size"):
        if getattr(arguments, option) < 1:
            key = "--" + option.replace("_", "-")
            raise InputError.of(key, getattr(arguments, option), "is not above zero", "write a number from 1")
    schema = load_schema(arguments.schema)
    capabilities = capabilities_of(arguments.source, "--source")
    names = [name.strip() for name in arguments.tables.split(",")] if arguments.tables else None
    tables = [table.name for table in schema.tables if names is None or table.name in names]
    if names is not None and (unknown := set(names) - set(tables)):
        raise PlanError(f"--tables: {', '.join(sorted(unknown))!r} is no table of {arguments.schema}")
    check_limits(capabilities.name, map(schema.table, tables))
    return LoadPlan(
        run_id="",
        source=capabilities.name,
        operation=Operation(arguments.operation),
        verify_depth=VerifyDepth(arguments.verify_depth),
        method=arguments.method,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        row_count=arguments.row_count,
        on_existing=OnExisting(arguments.on_existing or ("fail" if capabilities.needs_server else "empty")),
        limits=None,
        data=schema,
        workers=partition(schema, tables, arguments.row_count, 1, arguments.seed),
    )
