"""Read the rows of a run on Docker with clients that share no code with the worker, for every source."""

import csv
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Protocol

import pyarrow as pa

from core.connection import parse_connection
from core.process import OUTPUT_FOLDER
from core.schema.model import Table
from core.stores import SOURCES
from core.units import GIB
from infra.databases import specification_of
from testkit.containers import Container
from testkit.serving import PASSWORD, Served
from tests.integration import containers
from tests.worker.encode import samples
from tests.worker.encode.texts import read_csv, read_json
from tests.worker.sources.beds import BEDS
from tests.worker.sources.beds.base import Bed, Row


class RowReader(Protocol):
    """A reader of one run's rows."""

    def count(self, table: Table) -> int:
        """Return the number of rows."""
        ...

    def rows(self, table: Table) -> Sequence[Row]:
        """Return all rows as comparable Python values, in any order."""
        ...

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        """Return the generated rows as the source must store them, with its documented losses."""
        ...


def row_reader(source: str, stack: str) -> RowReader:
    """Return the reader of the stack's current run. A server must have the tests' password."""
    if not SOURCES[source].needs_server:
        return _Files(source, f"loadtest-{stack}-worker-1")
    (bed,) = (bed for bed in BEDS if bed.source == source)
    return _Server(bed, _served(source, f"loadtest-{stack}-database"))


class _Server:
    """A reader that uses the server's own command line and its bare driver."""

    def __init__(self, bed: Bed, served: Served) -> None:
        self._bed, self._served = bed, served

    def count(self, table: Table) -> int:
        return self._bed.count(self._served, table)

    def rows(self, table: Table) -> Sequence[Row]:
        return self._bed.rows(self._served, table)

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        return self._bed.expected(table, batch)


class _Files:
    """A reader of files in the volume of the worker's container, with Python's own modules."""

    def __init__(self, source: str, container: str) -> None:
        self._source = source
        command = ["docker", "cp", f"{container}:{OUTPUT_FOLDER}", "-"]
        archive = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            self._parts = {member.name: _content(files, member) for member in files if member.isfile()}

    def count(self, table: Table) -> int:
        return len(self._lines(table))

    def rows(self, table: Table) -> Sequence[Row]:
        read = read_json if self._source == "jsonl" else read_csv
        return [{c.name: read(line[c.name], c.type) for c in table.columns} for line in self._lines(table)]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        rows = samples.rows_of(table, batch)
        if self._source == "jsonl":
            return rows
        # Python's csv module reads NULL as an empty text.
        return [{name: None if value in ("", b"") else value for name, value in row.items()} for row in rows]

    def _lines(self, table: Table) -> Sequence[Mapping[str, Any]]:
        text = "".join(self._parts[name] for name in sorted(self._parts) if PurePath(name).parent.name == table.name)
        if self._source == "jsonl":
            return [json.loads(line, parse_float=Decimal) for line in text.split("\n")[:-1]]
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _content(files: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = files.extractfile(member)
    assert file is not None, member.name
    return file.read().decode()


def _served(source: str, container: str) -> Served:
    inspected = containers.inspected("container", container)
    specification = specification_of(source, inspected["Config"]["Image"], cpu=1, memory=GIB, tmpfs=None)
    (network,) = inspected["NetworkSettings"]["Networks"].values()
    url = specification.connection_string(PASSWORD, network["IPAddress"])
    return Served(specification, Container(container), url, parse_connection(url, SOURCES[source]))
