"""The checks of a run that read files alone. `plan`, `preview` and `up` all call `check_run`, so they agree.

An engine or a cluster is asked later, by the platform's component: whether it answers, has the images, has the namespace.
"""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.docker_address import docker_address
from core.errors import Complaints, InputError
from core.plan import LoadPlan
from core.process import loadtest_command
from core.provider_keys import provider_keys
from core.schema.file import SchemaFile, read_schema
from core.settings_key import NAMESPACE
from core.stack_file import own_values, same_value
from infra.databases import database_of
from infra.databases.spec import DatabaseSpec
from infra.planner import plan_of, warnings_of
from infra.settings.effects import check_effects
from infra.settings.limits import check_limits
from infra.settings.model import Settings, check_secrets
from infra.settings.output_dir import check_output

_SCHEMA_KEY = "schema"


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A run that every check accepted."""

    settings: Settings
    plan: LoadPlan
    database: DatabaseSpec | None
    """The server to create; None for an existing server and for files."""
    warnings: Sequence[str]


def check_run(
    values: Mapping[str, Any],
    project: Path,
    stack: str,
    *,
    encrypted: Collection[str] = (),
    recorded: bool = False,
) -> CheckedRun:
    """Return the run of these values, whose keys have no namespace. Raises InputError with everything that is wrong.

    `encrypted` are the keys that only the engine can read, and `recorded` is true for an update: see `check_secrets`.
    """
    try:
        return _checked(values, project, stack, encrypted, recorded=recorded)
    except InputError as error:
        raise _with_places(error, values, project, stack) from None


def _checked(
    values: Mapping[str, Any], project: Path, stack: str, encrypted: Collection[str], *, recorded: bool
) -> CheckedRun:
    complaints = Complaints()
    settings: Settings | None = None
    with complaints.collect():
        check_secrets(values, encrypted, stack, recorded=recorded)
    with complaints.collect():
        settings = Settings.of(values)
    if settings is not None:
        with complaints.collect():
            check_effects(settings)
        cores: int | None = None
        with complaints.collect():
            if settings.platform == "docker" and docker_address(project, stack).is_this_machine:
                cores = os.cpu_count()
        with complaints.collect():
            if settings.platform == "kubernetes":
                provider_keys(project, stack, settings.platform)
        with complaints.collect():
            check_limits(settings, values, cores)
    schema: SchemaFile | None = None
    with complaints.collect():
        if isinstance(file := values.get(_SCHEMA_KEY), str) and file:
            schema = read_schema(project / file)
    complaints.finish()
    assert settings is not None  # noqa: S101 - else there is a complaint
    plan = plan_of(settings, project, schema)
    check_output(settings, project, stack, plan)
    database = database_of(settings)
    warnings = warnings_of(plan, database, here=settings.runs_here, port_kept=settings.keep_database_port)
    return CheckedRun(settings, plan, database, warnings)


def _with_places(error: InputError, values: Mapping[str, Any], project: Path, stack: str) -> InputError:
    """Return the error with the command that removes each refused value that Pulumi has saved for this stack.

    `pulumi up -c KEY=VALUE` saves the value before the program runs.
    """
    saved = {
        key
        for key, value in own_values(project, stack).items()
        if same_value(values.get(key.removeprefix(f"{NAMESPACE}:")), value)
    }

    def with_place(line: str) -> str:
        found = re.match(r"[\w-]+:\w+", line)
        if found is None or found[0] not in saved:
            return line
        command = loadtest_command(f"pulumi config rm {found[0]}", stack)
        return f"{line}; the value is saved for this stack, and `{command}` removes it"

    parts = [type(part)(with_place(line)) for part in error.parts or [error] for line in part.lines]
    if len(parts) == 1:
        return parts[0]
    error.parts = parts
    return error
