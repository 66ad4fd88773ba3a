"""What one worker is to do, whether it comes from a plan file or from the command line."""

import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from core.connection import Connection, parse_connection
from core.errors import InputError, PlanError
from core.plan import LoadPlan, WorkerPlan
from core.stores import Capabilities, capabilities_of
from worker.sources.base import WorkerSlot

CONNECTION_VARIABLE = "LOADTEST_CONNECTION_STRING"
_GZIP = b"\x1f\x8b"
"""How a gzip file begins, and no JSON text."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a worker's files are: its RAM disk, and the folder of results."""

    data: Path
    results: Path

    @classmethod
    def of_environment(cls) -> Self:
        """From LOADTEST_DATA and LOADTEST_RESULTS; in a container `/data` and `/results`."""
        return cls(
            data=Path(os.environ.get("LOADTEST_DATA", "/data")),
            results=Path(os.environ.get("LOADTEST_RESULTS", "/results")),
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """One worker's share of a plan, with the place to load it into."""

    plan: LoadPlan
    worker: WorkerPlan
    slot: WorkerSlot
    connection: Connection
    folders: Folders
    result_path: Path
    attempt: int = 1
    prepares: bool = False
    """Whether this worker makes its tables itself, since nothing prepared them before."""

    @property
    def capabilities(self) -> Capabilities:
        """What the source can do."""
        return capabilities_of(self.plan.source)


def read_plan(path: Path) -> LoadPlan:
    """A plan file, gzipped or not; raises PlanError for one that is missing or is no plan."""
    try:
        content = path.read_bytes()
        return LoadPlan.model_validate_json(gzip.decompress(content) if content.startswith(_GZIP) else content)
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise PlanError(f"--plan: {path} cannot be read ({said}); name a plan file") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PlanError(f"--plan: {path} is no plan ({place}: {first['msg']}); make one by `make plan`") from error


def connection_of(plan: LoadPlan, argument: str | None, folders: Folders) -> Connection:
    """From the argument or the environment; files go below the results folder unless told otherwise."""
    source = capabilities_of(plan.source)
    text = argument or os.environ.get(CONNECTION_VARIABLE)
    if text is None and source.needs_server:
        raise InputError(f"--connection-string: is missing; give it, or set {CONNECTION_VARIABLE}")
    key = "--connection-string" if argument else CONNECTION_VARIABLE
    return parse_connection(text or (folders.results / "data").absolute().as_uri(), source, key)
