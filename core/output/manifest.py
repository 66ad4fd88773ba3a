"""The manifest of an output folder: which CSV and JSON Lines files in it Loadtest wrote, for which stack and run."""

import stat
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict

from core.plan import LoadPlan

MANIFEST = "loadtest-manifest.json"
PARTIAL = ".loadtest-partial"
"""The folder of files that are not complete yet, next to the tables' folders."""
PART_PREFIX = "part-"
_BLOCK = 1 << 20


def _checked_path(path: str) -> str:
    """Return the path of a part file; raises ValueError for one that leads anywhere else."""
    table, slash, part = path.partition("/")
    if not (table.strip(".") and slash and part.startswith(PART_PREFIX)) or "/" in part or "\0" in path:
        raise ValueError(f"{path!r} is not TABLE/{PART_PREFIX}*")
    return path


PartPath = Annotated[str, AfterValidator(_checked_path)]
"""A file's path in the folder, like `users/part-00000000000000000000.csv`."""


class OutputFile(BaseModel):
    """A file as it was when it was written. `crc32` is of its bytes, `modified_ns` the file system's own time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    rows: int
    bytes: int
    crc32: int
    modified_ns: int

    def is_at(self, path: Path) -> bool:
        """Return whether a file has these bytes; it is read only when its size is the same and its time is not."""
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size != self.bytes:
                return False
            return found.st_mtime_ns == self.modified_ns or _crc32(path) == self.crc32
        except OSError:
            return False


class Run(BaseModel):
    """The run that writes into a folder, and the stack that it belongs to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stack: str = ""
    """Names the stack; empty for a worker that is started by hand."""
    run_id: str = ""
    plan: str = ""
    """The plan's digest."""
    source: str

    @classmethod
    def of(cls, plan: LoadPlan, stack: str) -> "Run":
        """Return the run of a plan."""
        return cls(stack=stack, run_id=plan.run_id, plan=plan.digest(), source=plan.source)

    @property
    def owner(self) -> str:
        """The stack's name for a message."""
        return f"stack {self.stack!r}" if self.stack else "a worker that was started by hand"


class Manifest(Run):
    """The files of the last complete run, and while they replace earlier ones those as well."""

    version: Literal[1] = 1
    files: Mapping[PartPath, OutputFile]
    replaces: Mapping[PartPath, OutputFile] = {}
    """The files that are being replaced; empty once that is done."""

    @property
    def paths(self) -> frozenset[str]:
        """All paths that the stack has a file at."""
        return frozenset((*self.files, *self.replaces))

    def is_unchanged(self, folder: Path, path: str) -> bool:
        """Return whether a file that is there is one that Loadtest wrote."""
        records = (record for record in (self.files.get(path), self.replaces.get(path)) if record is not None)
        return any(record.is_at(folder / path) for record in records)


def table_folder(table: str) -> str:
    """Return the name of a table's folder: the table's name, with all that could leave the folder percent-encoded."""
    name = quote(table, safe=" -_")
    return name.replace(".", "%2E") if set(name) == {"."} or name in (MANIFEST, PARTIAL) else name


def part_path(table: str, first_row: int, suffix: str) -> str:
    """Return the path of a table's part that begins at this row."""
    return f"{table_folder(table)}/{PART_PREFIX}{first_row:020d}{suffix}"


def _crc32(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value
