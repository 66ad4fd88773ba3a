"""CSV and JSON Lines: each part is complete or absent, and the concatenated parts are the file of a table."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.connection import parse_connection
from core.errors import InputError, StorageError
from core.options import OnExisting
from core.plan import Shard
from core.stores import BULK, CSV, INSERT, JSONL, METHODS
from tests.worker.sources.loading import EVERY_KIND, KEYED, ROWS, TABLES, connected, emptied, load, table_of
from worker.sources import open_source
from worker.sources.base import Source

FORMATS = ("csv", "jsonl")
SHARD = Shard(table=KEYED, seed=42, first_row=0, rows=ROWS)


@pytest.fixture(params=FORMATS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    capabilities = {"csv": CSV, "jsonl": JSONL}[request.param]
    with connected(request.param, parse_connection((tmp_path / "out").as_uri(), capabilities)) as opened:
        emptied(opened)
        yield opened


def _whole(folder: Path, name: str) -> bytes:
    return b"".join(part.read_bytes() for part in sorted((folder / "out" / name).iterdir()))


def _rows(source: Source, text: bytes) -> int:
    if source.capabilities is CSV:
        return len(list(csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True)))
    return len([json.loads(line) for line in text.splitlines()])


@pytest.mark.parametrize("method", METHODS)
def test_parts_make_the_same_file_for_any_shards(source: Source, tmp_path: Path, method: str) -> None:
    counters = load(source, EVERY_KIND, method=method)
    one = _whole(tmp_path, EVERY_KIND)
    assert (counters.rows, counters.batches) == (ROWS, 3)
    assert 0 <= len(one) - counters.bytes <= 1000, "the bytes are the file's without the header"
    assert _rows(source, one) == source.count(table_of(EVERY_KIND)) == ROWS
    emptied(source)
    for first, rows in ((400, ROWS - 400), (0, 150), (150, 250)):
        load(source, EVERY_KIND, first=first, rows=rows, batch=64, method=method)
    assert _whole(tmp_path, EVERY_KIND) == one


def test_insert_and_bulk_write_the_same_bytes(source: Source, tmp_path: Path) -> None:
    load(source, EVERY_KIND, method=BULK)
    bulk = _whole(tmp_path, EVERY_KIND)
    load(source, EVERY_KIND, method=INSERT)
    assert _whole(tmp_path, EVERY_KIND) == bulk


def test_retried_shard_replaces_its_part(source: Source, tmp_path: Path) -> None:
    load(source, KEYED)
    before = _whole(tmp_path, KEYED)
    load(source, KEYED, redo=True)
    assert _whole(tmp_path, KEYED) == before


def test_failed_shard_leaves_no_part(source: Source, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), source.sink(table_of(KEYED), SHARD, BULK):
        raise RuntimeError("on purpose")
    assert list((tmp_path / "out").rglob("part-*")) == []
    assert source.count(table_of(KEYED)) == 0


def test_prepare_keeps_earlier_parts_until_completion(source: Source) -> None:
    load(source, KEYED)
    for on_existing in (OnExisting.FAIL, OnExisting.EMPTY):
        source.prepare(TABLES, on_existing)
        assert source.count(table_of(KEYED)) == ROWS
    load(source, KEYED, rows=10)
    assert source.count(table_of(KEYED)) == 10
    with pytest.raises(InputError, match=r"already has files of 'keyed', but loadtest:onExisting is append"):
        source.prepare(TABLES, OnExisting.APPEND)


@pytest.mark.parametrize("name", FORMATS)
def test_file_instead_of_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    capabilities = {"csv": CSV, "jsonl": JSONL}[name]
    source = open_source(capabilities, parse_connection((tmp_path / "file" / "out").as_uri(), capabilities))
    with pytest.raises(StorageError, match=r"file/out: Not a directory; move the file away, or name another folder"):
        source.connect()
