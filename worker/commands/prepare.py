"""`worker prepare`: create the tables once per run, before the workers start, so that no worker owns the schema."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.errors import ExitCode
from core.process import PLAN_ARGUMENT
from core.results import Preparation
from core.stores import capabilities_of
from worker.assignment import Folders, connection_of, read_plan
from worker.pipeline import prepare_tables
from worker.result.retry_marker import forget_attempts
from worker.retry import retry_until
from worker.sources import open_source
from worker.sources.base import WorkerSlot


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `worker prepare`."""
    parser.add_argument(PLAN_ARGUMENT, type=Path, required=True, help="the plan file")
    parser.add_argument("--connection-string", help="the server, or a file: URL (default: from the environment)")


def run(arguments: Namespace) -> int:
    """Prepare every table of the plan; print one JSON line with the tables, warnings and server settings."""
    plan = read_plan(arguments.plan)
    connection = connection_of(plan, arguments.connection_string, Folders.of_environment())
    source = open_source(capabilities_of(plan.source), connection, WorkerSlot.of(plan, 0))
    try:
        retry_until(plan.connect_seconds, source.connect)
        warnings = prepare_tables(source, plan)
        settings = dict(source.settings())
        forget_attempts(Folders.of_environment().results, (worker.id for worker in plan.workers))
    finally:
        source.close()
    prepared = plan.tables if plan.operation.populates else ()
    line = Preparation(prepared=prepared, warnings=tuple(warnings), server_settings=settings)
    sys.stdout.write(f"{line.model_dump_json()}\n")
    return ExitCode.OK
