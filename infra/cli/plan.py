"""Print what a stack would do, from its files alone, without an engine or Docker."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.connection import CONNECTION_KEY
from core.errors import ExitCode, InputError, exit_code_of
from core.plan import LoadPlan, Shard
from core.platforms import PLATFORMS
from core.process import DEFAULT_STACK, loadtest_command
from core.settings_key import NAMESPACE, setting_key
from core.stack_file import is_secret, own_values, short_name
from core.units import format_size
from infra.checks import CheckedRun, check_run
from infra.databases.spec import DatabaseSpec
from infra.planner import WORKING_SET, estimated_bytes
from infra.settings.configuration import encrypted_keys, stack_values
from infra.settings.model import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the plan of a stack. An invalid setting ends in a message of one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="loadtest plan", description=__doc__)
    parser.add_argument(
        "--stack", default=DEFAULT_STACK, help="a stack with a file in the project (default: %(default)s)"
    )
    parser.add_argument("--output-format", choices=("table", "json"), default="table")
    parser.add_argument("-c", "--config", action="append", default=[], metavar="KEY=VALUE", help="override a key")
    parsed = parser.parse_args(arguments)
    return exit_code_of(lambda: _run(parsed), lambda line: sys.stderr.write(f"{line}\n"))


def _run(arguments: argparse.Namespace) -> int:
    run, server_is_unread = check_stack(Path.cwd(), arguments.stack, arguments.config)
    plan, settings = run.plan, run.settings
    if arguments.output_format == "json":
        sys.stdout.write(plan.model_dump_json(indent=2) + "\n")
        return ExitCode.OK
    _print_plan(Console(highlight=False), arguments.stack, settings, plan, run.database)
    if server_is_unread:
        key = setting_key(CONNECTION_KEY)
        sys.stdout.write(f"server: existing, named by {key}, which is encrypted and not read here\n")
    for line in _saved(Path.cwd(), arguments.stack):
        sys.stdout.write(f"{line}\n")
    for warning in run.warnings:
        sys.stdout.write(f"warning: {warning}\n")
    return ExitCode.OK


def check_stack(project: Path, stack: str, overrides: Sequence[str] = ()) -> tuple[CheckedRun, bool]:
    """Check a stack's files with some keys overridden, and return the run. Raises InputError.

    Also return whether it is planned for an existing server whose connection string is encrypted.
    """
    values = {**stack_values(project, stack), **_overrides(overrides)}
    server_is_unread = CONNECTION_KEY in encrypted_keys(project, stack) and CONNECTION_KEY not in values
    if server_is_unread:
        # Only the engine can decrypt it. A placeholder is enough to plan for an existing server.
        values[CONNECTION_KEY] = f"{values['source']}://encrypted/encrypted"
    return check_run(values, project, short_name(stack)), server_is_unread


def _saved(project: Path, stack: str) -> Sequence[str]:
    """Return a line for each setting that `-c` or `pulumi config set` has saved in place of the stack file's own."""
    saved = {
        key: value
        for key, value in own_values(project, short_name(stack)).items()
        if key.startswith(f"{NAMESPACE}:") and not is_secret(value)
    }
    return [
        f"saved for this stack: {key} = {value if isinstance(value, str) else json.dumps(value)}; "
        f"`{loadtest_command(f'pulumi config rm {key}', stack)}` removes it"
        for key, value in saved.items()
    ]


def _overrides(pairs: Sequence[str]) -> dict[str, str]:
    """Return the settings in arguments `loadtest:KEY=VALUE` or `KEY=VALUE`, as for `pulumi up -c`."""
    overrides: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError.of("--config", pair, "has no value", f"write one like {setting_key('workers')}=4")
        overrides[key.removeprefix(f"{NAMESPACE}:")] = value
    return overrides


def _print_plan(
    console: Console, stack: str, settings: Settings, plan: LoadPlan, database: DatabaseSpec | None
) -> None:
    where = f"{settings.source} on {settings.platform}"
    load = f"{plan.rows:,} rows into {where}, {plan.batch_size:,} per batch by {_method(settings)}"
    console.print(f"{stack}: {load}; {plan.run_id}", soft_wrap=True)
    table = Table("Worker", "Shards", title=None)
    table.add_column("Rows", justify="right")
    table.add_column("Estimated bytes", justify="right")
    total = 0
    for worker in plan.workers:
        estimated = sum(estimated_bytes(plan, shard) for shard in worker.shards)
        total += estimated
        shards = ", ".join(_shard_text(shard, plan) for shard in worker.shards) or "none"
        table.add_row(worker.id, shards, f"{worker.rows:,}", format_size(estimated))
    table.add_section()
    table.add_row("TOTAL", f"{len(plan.tables)} tables", f"{plan.rows:,}", format_size(total))
    console.print(table)
    if plan.limits is not None:
        tmpfs = format_size(plan.limits.tmpfs) if plan.limits.tmpfs else "none"
        console.print(
            f"each worker: {plan.limits.cpu:g} CPU, {format_size(plan.limits.memory)} memory "
            f"(about {format_size(WORKING_SET)} working set, RAM disk {tmpfs})"
        )
    if database is not None:
        tmpfs = f"on a RAM disk of {format_size(database.tmpfs)}" if database.tmpfs else "on disk"
        server = database.image if PLATFORMS[settings.platform].in_containers else "embedded"
        limits = f"{database.cpu:g} CPU, {format_size(database.memory)} memory"
        console.print(f"server: {server}, {limits}, data {tmpfs}", soft_wrap=True)
        console.print(f"  {' '.join(database.arguments)}", soft_wrap=True)


def _method(settings: Settings) -> str:
    source = settings.capabilities
    return source.bulk if settings.method == "bulk" else source.insert


def _shard_text(shard: Shard, plan: LoadPlan) -> str:
    if shard.rows == plan.row_count:
        return shard.table
    return f"{shard.table}[{shard.first_row:,}..{shard.first_row + shard.rows:,})"


if __name__ == "__main__":
    sys.exit(main())
