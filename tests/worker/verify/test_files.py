"""Damaged files are found: edited lines, cut files, renamed and additional parts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.connection import parse_connection
from core.errors import InputError
from core.options import Operation
from core.output.manifest import MANIFEST
from core.results import TableVerification
from core.stores import SOURCES
from tests.worker.sources.loading import EVERY_KIND, KEYED, connected
from tests.worker.verify.campaign import ROWS, counts, rows_of, verified, write
from worker.sources.base import Source

LINE = 8
"""The number of the changed line. A CSV file has a header, so its row number is one less."""


@pytest.fixture(params=["csv", "jsonl"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    name: str = request.param
    with connected(name, parse_connection((tmp_path / "out").as_uri(), SOURCES[name])) as opened:
        yield opened


def _changed(
    source: Source, tmp_path: Path, name: str, change: Callable[[list[bytes]], list[bytes]]
) -> TableVerification:
    write(source, name, rows_of(name))
    (part,) = (tmp_path / "out" / name).iterdir()
    part.write_bytes(b"".join(change(part.read_bytes().splitlines(keepends=True))))
    (found,) = verified(source, name)
    return found


def _line(edit: Callable[[bytes], bytes]) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [edit(line) if number == LINE else line for number, line in enumerate(lines)]


csv_only = pytest.mark.parametrize("source", ["csv"], indirect=True)
jsonl_only = pytest.mark.parametrize("source", ["jsonl"], indirect=True)


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def edit(line: bytes) -> bytes:
        assert old in line, line
        return line.replace(old, new)

    return edit


def test_line_cut_in_last_value_is_found(source: Source, tmp_path: Path) -> None:
    found = _changed(source, tmp_path, KEYED, _line(lambda line: line.rstrip(b"\n")[:-3] + b"\n"))
    assert found.matched == ROWS - 1
    if source.capabilities.name == "csv":
        assert counts(found) == (0, 1, 0)
        assert [(each.key, each.column, each.found) for each in found.differences] == [
            (_key_of(LINE - 1), "order", "ro")
        ]
    else:
        # Without its end the line is not a JSON object, so its row is missing and the line is extra.
        cut = f'not a JSON object: {{"id":"{_key_of(LINE)}","order":"row '
        assert counts(found) == (1, 0, 1)
        assert [(each.key, each.found) for each in found.differences] == [
            (cut, "an unplanned row"),
            (_key_of(LINE), None),
        ]


def _key_of(row: int) -> str:
    key = rows_of(KEYED).column("id")[row].as_py().hex()
    return "-".join((key[:8], key[8:12], key[12:16], key[16:20], key[20:]))


def test_file_cut_within_line_is_found(source: Source, tmp_path: Path) -> None:
    found = _changed(source, tmp_path, KEYED, lambda lines: [*lines[:LINE], lines[LINE][:10]])
    whole = LINE - 1 if source.capabilities.name == "csv" else LINE
    assert (found.matched, found.missing, found.extra) == (whole, ROWS - whole, 1)


def test_duplicate_line_is_extra(source: Source, tmp_path: Path) -> None:
    found = _changed(source, tmp_path, KEYED, lambda lines: [*lines, lines[LINE]])
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 1)
    assert found.differences[0].found == "a duplicate row"


def test_invalid_utf8_is_found(source: Source, tmp_path: Path) -> None:
    found = _changed(source, tmp_path, KEYED, _line(_replaced(b"row", b"\xff\xfe")))
    assert found.matched == ROWS - 1
    assert counts(found) == ((0, 1, 0) if source.capabilities.name == "csv" else (1, 0, 1))


@pytest.mark.parametrize(
    "edit", [lambda line: line.split(b",")[0] + b"\n", lambda line: line.rstrip(b"\n") + b",more\n"]
)
@csv_only
def test_wrong_number_of_fields_is_found(source: Source, tmp_path: Path, edit: Callable[[bytes], bytes]) -> None:
    found = _changed(source, tmp_path, KEYED, _line(edit))
    assert counts(found) == (0, 1, 0)
    assert (found.differences[0].key, found.differences[0].column) == (_key_of(LINE - 1), "order")


@csv_only
def test_wrong_header_is_an_extra_row(source: Source, tmp_path: Path) -> None:
    found = _changed(source, tmp_path, KEYED, lambda lines: [b"order,id\n", *lines[1:]])
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 1)
    assert found.differences[0].key == "order"


@csv_only
def test_unclosed_quote_is_found(source: Source, tmp_path: Path) -> None:
    found = _changed(source, tmp_path, KEYED, _line(_replaced(b",", b',"')))
    assert found.missing + found.mismatched > 0
    assert found.matched >= LINE - 1


_EDITS = {
    "a number in quotes": (b'"id":8,', b'"id":"8",', (1, 0, 1)),
    "a number for a text": (b'"a_varchar":', b'"a_varchar":5,"was":', (0, 1, 0)),
    "a missing value": (b'"a_point":', b'"a_point_":', (0, 1, 0)),
    "an additional value": (b'"id":8,', b'"id":8,"more":null,', (0, 1, 0)),
    "half a surrogate pair": (b'"a_varchar":', b'"a_varchar":"\\ud800","was":', (0, 1, 0)),
    "an invalid document": (b'"a_json":', b'"a_json":NaN,"was":', (0, 1, 0)),
    "an infinite number": (b'"a_float64":', b'"a_float64":1e999,"was":', (0, 1, 0)),
    "an array": (b'{"id":8,', b'[{"id":8,', (1, 0, 1)),
}


@jsonl_only
@pytest.mark.parametrize("edit", _EDITS)
def test_changed_json_object_is_found(source: Source, tmp_path: Path, edit: str) -> None:
    old, new, expected = _EDITS[edit]
    found = _changed(
        source,
        tmp_path,
        EVERY_KIND,
        lambda lines: [line.replace(old, new) if b'"id":8,' in line else line for line in lines],
    )
    assert counts(found) == expected
    assert all("8" in difference.key for difference in found.differences)


def test_renamed_part_is_found(source: Source, tmp_path: Path) -> None:
    batch = rows_of(KEYED)
    write(source, KEYED, batch.slice(0, 50), batch.slice(50))
    part = max((tmp_path / "out" / KEYED).iterdir())
    part.rename(part.with_name(part.name.replace("50", "51")))
    first, second = verified(source, KEYED, (50, 70), operation=Operation.POPULATE_AND_VERIFY)
    assert (first.matched, *counts(first)) == (50, 0, 0, 70)
    assert (second.matched, *counts(second)) == (0, 70, 0, 0)
    with pytest.raises(
        InputError, match=r"part-0*51\.\w+', which its loadtest-manifest.json does not name; move it away"
    ):
        verified(source, KEYED, (50, 70))
    # Without a manifest, parts of any name are read.
    (tmp_path / "out" / MANIFEST).unlink()
    assert [each.matched for each in verified(source, KEYED, (50, 70))] == [50, 70]


def test_files_of_many_workers_are_verified(source: Source, tmp_path: Path) -> None:
    batch = rows_of(KEYED)
    write(source, KEYED, batch.slice(0, 50), batch.slice(50, 30), batch.slice(80))
    for shards in ((ROWS,), (60, 60)):
        found = verified(source, KEYED, shards)
        assert [(each.matched, *counts(each)) for each in found] == [(rows, 0, 0, 0) for rows in shards]
