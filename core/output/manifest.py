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
    """Return the path; raises ValueError unless it is the path of a part file."""
    table, slash, part = path.partition("/")
    if not (table.strip(".") and slash and part.startswith(PART_PREFIX)) or "/" in part or "\0" in path:
        raise ValueError(f"{path!r} is not TABLE/{PART_PREFIX}*")
    return path


PartPath = Annotated[str, AfterValidator(_checked_path)]
"""A file's path in the folder, like `users/part-00000000000000000000.csv`."""


class OutputFile(BaseModel):
    """A file at the time it was written: `crc32` of its bytes, `modified_ns` as the file system reports it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    rows: int
    bytes: int
    crc32: int
    modified_ns: int

    def is_at(self, path: Path) -> bool:
        """Return whether a file has these bytes; read it only if its size matches and its time does not."""
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
    """The stack's name; empty for a worker that is started by hand."""
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
        """The stack's name, as it is shown in messages."""
        return f"stack {self.stack!r}" if self.stack else "a worker that was started by hand"


class Manifest(Run):
    """The files of the last complete run, and the earlier files while they are being replaced."""

    version: Literal[1] = 1
    files: Mapping[PartPath, OutputFile]
    replaces: Mapping[PartPath, OutputFile] = {}
    """The files that are being replaced; empty once that is done."""

    @property
    def paths(self) -> frozenset[str]:
        """Return the paths of all files of the stack."""
        return frozenset((*self.files, *self.replaces))

    def has_rows(self, path: str, table: str, source: str) -> bool:
        """Return whether the file at this path holds rows of the table in the source's format."""
        record = self.files.get(path)
        return record is not None and record.table == table and path.endswith(f".{source}")

    def is_unchanged(self, folder: Path, path: str) -> bool:
        """Return whether the file at this path is still as Loadtest wrote it."""
        records = (record for record in (self.files.get(path), self.replaces.get(path)) if record is not None)
        return any(record.is_at(folder / path) for record in records)


def table_folder(table: str) -> str:
    """Return the name of a table's folder: the table's name, with unsafe characters percent-encoded."""
    name = quote(table, safe=" -_")
    return name.replace(".", "%2E") if set(name) == {"."} or name in (MANIFEST, PARTIAL) else name


def part_path(table: str, first_row: int, suffix: str) -> str:
    """Return the path of the part of a table that begins at this row."""
    return f"{table_folder(table)}/{PART_PREFIX}{first_row:020d}{suffix}"


def first_row_of(part: Path) -> int | None:
    """Return the first row of a part by its name; None for a name that `part_path` does not write."""
    digits = part.stem.removeprefix(PART_PREFIX)
    return int(digits) if digits.isdecimal() and digits.isascii() else None


def _crc32(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value
