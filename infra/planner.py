"""Make a plan from settings and schema, and the warnings about it, before anything is created."""

import os
from collections.abc import Sequence
from pathlib import Path

from core.connection import CONNECTION_KEY
from core.errors import Complaints, SettingsError
from core.options import Operation
from core.plan import Limits, LoadPlan, Shard, partition
from core.platforms import PLATFORMS
from core.schema.checks import check_limits, limit_warnings
from core.schema.checks.capacity import check_rows
from core.schema.file import SchemaFile, read_schema
from core.schema.model import Schema
from core.settings_key import setting_key
from core.stores import capabilities_of
from core.units import MIB, format_size
from infra.databases.spec import DatabaseSpec
from infra.settings.model import Settings

WORKING_SET = 192 * MIB
"""Bytes that a worker needs besides its RAM disk: libraries and the chunks in flight, as measured, with a margin."""

INDEX_BYTES_PER_ROW = 21
"""Memory of verification while it sorts the hashes of a table's keys (worker/verify/row_index.py)."""


def plan_of(settings: Settings, project: Path, file: SchemaFile | None = None) -> LoadPlan:
    """Return the plan for these settings; paths are relative to the project. Raises InputError with everything wrong.

    `file` is the settings' schema file, if it has been read.
    """
    schema, location = file or read_schema(project / settings.schema_file)
    complaints = Complaints()
    with complaints.collect():
        _check_operation(settings)
    tables: tuple[str, ...] = ()
    with complaints.collect():
        tables = _tables(settings, schema)
    with complaints.collect():
        check_rows(schema, tables, settings.row_count, location)
    with complaints.collect():
        check_limits(settings.source, map(schema.table, tables))
    complaints.finish()
    plan = LoadPlan(
        run_id="",
        source=settings.source,
        **settings.load_options(),
        thresholds=settings.thresholds,
        limits=Limits(
            cpu=settings.cpu_limit,
            memory=settings.memory_limit,
            tmpfs=settings.tmpfs_size if settings.tmpfs else None,
        ),
        data=schema,
        workers=partition(schema, tables, settings.row_count, settings.workers, settings.seed),
    )
    # The default id changes with every part of the plan.
    return plan.model_copy(update={"run_id": settings.run_id or f"run-{plan.digest()}"})


def warnings_of(plan: LoadPlan, database: DatabaseSpec | None, *, here: bool, port_kept: bool = False) -> Sequence[str]:
    """Return warnings about a plan that runs but may fail or be slow, each in one line.

    `here`: the load runs on this machine. `port_kept`: the server's port is published.
    """
    warnings: list[str] = []
    limits = plan.limits
    if limits and limits.tmpfs and limits.tmpfs > limits.memory:
        warnings.append(
            f"RAM disk of {format_size(limits.tmpfs)} is larger than the worker's memory of {format_size(limits.memory)}: a "
            "worker that fills its RAM disk is killed for memory"
        )
    if limits and limits.memory < WORKING_SET:
        warnings.append(
            f"a worker needs about {format_size(WORKING_SET)} and has a memory limit of {format_size(limits.memory)}"
        )
    index = _index_bytes(plan)
    if limits and index and WORKING_SET + index > limits.memory:
        warnings.append(
            f"verification indexes the keys of a table in {format_size(index)} in addition to a working set of about "
            f"{format_size(WORKING_SET)}, and a worker's memory is {format_size(limits.memory)}: a table whose keys are "
            f"consecutive integers needs no index"
        )
    rows = sum(estimated_bytes(plan, shard) for worker in plan.workers for shard in worker.shards)
    if database and database.tmpfs and plan.operation.populates and rows > database.tmpfs:
        warnings.append(
            f"about {format_size(rows)} of rows do not fit the server's RAM disk of {format_size(database.tmpfs)}; raise "
            f"{setting_key('databaseMemoryLimit')}"
        )
    cores = os.cpu_count() or 1
    asked = (limits.cpu * len(plan.workers) if limits else 0) + (database.cpu if database else 0)
    if here and asked > cores:
        warnings.append(f"{asked:g} cores are requested and this machine has {cores}: workers share them")
    idle = sum(not worker.shards for worker in plan.workers)
    if idle:
        warnings.append(f"{idle} of {len(plan.workers)} workers have no row to load")
    source = capabilities_of(plan.source)
    if (most := source.limit_batch(plan.batch_size)) < plan.batch_size:
        warnings.append(
            f"{setting_key('batchSize')}: {plan.batch_size} is more than {source.name} accepts per commit: "
            f"it commits {most} rows"
        )
    warnings += limit_warnings(plan.source, map(plan.data.table, plan.tables))
    if database and port_kept and source.advertises_address:
        warnings.append(
            f"{setting_key('keepDatabasePort')}: {source.name} sends its clients to its address on the run's network, which "
            "clients outside cannot reach; use a client inside its container"
        )
    return warnings


def estimated_bytes(plan: LoadPlan, shard: Shard) -> int:
    """Return the estimated size of a shard as CSV, in bytes."""
    return plan.data.table(shard.table).estimated_row_bytes * shard.rows


def _index_bytes(plan: LoadPlan) -> int:
    """Return the largest memory that a worker needs to find rows by keys that are not consecutive integers."""
    if not plan.operation.verifies:
        return 0
    if all(plan.data.table(name).has_consecutive_keys for name in plan.tables):
        return 0
    return plan.row_count * INDEX_BYTES_PER_ROW


def _check_operation(settings: Settings) -> None:
    """Raise SettingsError if the run only verifies, on a server or volume that is created empty for every run."""
    kept = (
        not settings.creates_server
        if settings.capabilities.needs_server
        else not PLATFORMS[settings.platform].in_containers
    )
    if settings.operation is Operation.VERIFY and not kept:
        remedy = (
            f"set {CONNECTION_KEY} to the server that has them"
            if settings.capabilities.needs_server
            else "set platform to local and outputDir to their folder"
        )
        raise SettingsError(
            f"{setting_key('operation')}: 'verify' reads existing rows, but this run creates an empty server or "
            f"volume; {remedy}, or write populate+verify"
        )


def _tables(settings: Settings, schema: Schema) -> tuple[str, ...]:
    """Return the tables to load, in the schema's order."""
    known = [table.name for table in schema.tables]
    if unknown := [name for name in settings.tables if name not in known]:
        raise SettingsError(
            f"{setting_key('tables')}: {', '.join(map(repr, unknown))} is not a table of {settings.schema_file}; "
            f"write some of {', '.join(known)}"
        )
    return tuple(name for name in known if not settings.tables or name in settings.tables)
