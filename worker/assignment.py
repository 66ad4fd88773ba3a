"""The work of one worker, read from a plan file or from the command line."""

import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from core.connection import Connection, parse_connection
from core.errors import InputError, PlanError
from core.files import reason_of
from core.plan import LoadPlan, WorkerPlan
from core.plan_file import parse_plan
from core.process import (
    CONNECTION_VARIABLE,
    DATA_FOLDER,
    DATA_VARIABLE,
    OUTPUT_NAME,
    RESULTS_FOLDER,
    RESULTS_VARIABLE,
    loadtest_command,
)
from core.stores import Capabilities, capabilities_of
from worker.gate import Gate
from worker.sources.base import WorkerSlot


@dataclass(frozen=True, slots=True)
class Folders:
    """A worker's folders: its RAM disk, and where results are written."""

    data: Path
    results: Path

    @classmethod
    def of_environment(cls) -> Self:
        """Return the folders that LOADTEST_DATA and LOADTEST_RESULTS name; default to those of a container."""
        return cls(
            data=Path(os.environ.get(DATA_VARIABLE, DATA_FOLDER)),
            results=Path(os.environ.get(RESULTS_VARIABLE, RESULTS_FOLDER)),
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """One worker's share of a plan, and the source to load it into."""

    plan: LoadPlan
    worker: WorkerPlan
    slot: WorkerSlot
    connection: Connection
    folders: Folders
    result_path: Path
    attempt: int = 1
    gate: Gate = field(default_factory=Gate)
    prepares: bool = False
    """Whether this worker creates its tables itself, because no `prepare` ran before."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the source."""
        return capabilities_of(self.plan.source)


def read_plan(path: Path) -> LoadPlan:
    """Read a plan file, gzipped or not; raise PlanError if it is missing or not a plan."""
    try:
        return parse_plan(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise PlanError(f"--plan: {path} cannot be read ({reason_of(error)}); name a plan file") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PlanError(
            f"--plan: {path} is not a valid plan ({place}: {first['msg']}); "
            f"create one with `{loadtest_command('plan')}`"
        ) from error


def connection_of(plan: LoadPlan, argument: str | None, folders: Folders) -> Connection:
    """Return the connection of the argument or the environment; files default to `data` in the results folder.

    Raises InputError if a server is needed and no connection is set.
    """
    source = capabilities_of(plan.source)
    text = argument or os.environ.get(CONNECTION_VARIABLE)
    if text is None and source.needs_server:
        raise InputError(f"--connection-string: is missing; give it, or set {CONNECTION_VARIABLE}")
    key = "--connection-string" if argument else CONNECTION_VARIABLE
    return parse_connection(text or (folders.results / OUTPUT_NAME).absolute().as_uri(), source, key)
