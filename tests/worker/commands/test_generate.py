"""The commands `worker generate` and `worker schema`."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from worker.cli import main

ROOT = Path(__file__).parents[3]
SHOP = str(ROOT / "schemas" / "shop.yaml")
EVERY = str(ROOT / "tests" / "data" / "every_type.yaml")


def test_generate_prints_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--schema", SHOP, "--table", "users", "--rows", "3:5", "--columns", "id,name"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["row", "id"], ["---", "--"], ["3", "4"], ["4", "5"]]


def test_generate_defaults_to_first_table_and_ten_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--schema", SHOP]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["row", "id", "name", "email", "created_at"]
    assert len(lines) == 12


def test_csv_and_json_lines_have_equal_values(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    arguments = ["generate", "--schema", SHOP, "--table", "orders", "--rows", "9995:20005", "--format"]
    assert main([*arguments, "csv"]) == 0
    rows = list(csv.DictReader(capsysbinary.readouterr().out.decode().splitlines()))
    assert main([*arguments, "jsonl"]) == 0
    documents = [json.loads(line, parse_float=str) for line in capsysbinary.readouterr().out.splitlines()]
    assert len(rows) == len(documents) == 10_010
    assert rows == [{name: str(value) for name, value in document.items()} for document in documents]


def test_generate_prints_every_type(capsys: pytest.CaptureFixture[str]) -> None:
    for table in ("whole_numbers", "fractions", "texts", "instants", "documents", "links"):
        assert main(["generate", "--schema", EVERY, "--table", table, "--rows", "20"]) == 0
    out = capsys.readouterr().out
    assert "NULL" in out
    assert "two\\nlines" in out
    assert "…" in out


def test_references_stay_within_row_count(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "--schema", EVERY, "--table", "links", "--columns", "parent_id", "--rows", "500:550"]
    assert main([*arguments, "--row-count", "7"]) == 0
    parents = {int(line.split()[1]) for line in capsys.readouterr().out.splitlines()[2:]}
    assert parents == set(range(7))


def test_seed_changes_shown_rows(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for seed in ("1", "2"):
        assert main(["generate", "--schema", SHOP, "--table", "orders", "--seed", seed]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] != shown[1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--table", "user"], "tables: 'user' is not a table of the schema; write one of users, orders, products"),
        (["--columns", "id,nme"], "table users: column 'nme' does not exist; write one of id, name"),
        (["--rows", "5:3"], "--rows: '5:3' is not a valid range of rows; write the first row and the end, like 0:10"),
        (["--rows", "a:b"], "--rows: 'a:b' is not a valid range of rows"),
        (["--rows", "-5:3"], "--rows: '-5:3' is not a valid range of rows"),
        (["--rows", ""], "--rows: '' is not a valid range of rows"),
        (["--rows", "0:99999999999999999999"], "--rows: '0:99999999999999999999' is not a valid range of rows"),
        (["--rows", "0:20000"], "--rows: '0:20000' has too many rows for a table; ask for at most 10,000"),
        (["--row-count", "-1"], "--row-count: -1 is below 0"),
    ],
)
def test_generate_input_error_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(["generate", "--schema", SHOP, *[f"{arguments[0]}={arguments[1]}"]]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {complaint}")
    assert captured.err.count("\n") == 1


def test_closed_pipe_ends_without_error() -> None:
    command = [sys.executable, "-m", "worker", "generate", "--schema", SHOP, "--rows", "1000000", "--format", "csv"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"id,name,email,created_at\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_schema_shows_types_generators_and_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", SHOP]) == 0
    out = capsys.readouterr().out
    assert "users: about 81 bytes per row, 791Ki in 10,000 rows" in out
    assert "uuid, primary key" in out
    assert "int_range min=1 max=10000" in out
    assert "one_of values=" in out


def test_schema_shows_generator_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", EVERY]) == 0
    out = capsys.readouterr().out
    assert "int_range min=0 max=1000000 distribution=zipf" in out
    assert "distribution=zipf,exponent=1.2" in out
    assert "50% NULL" in out


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tables: [", ":1: is not valid YAML"),
        (
            "tables: [{name: t, id: {type: text, unique: true, generator: {type: faker, provider: nope}}}]",
            "generator.faker: 'nope' is not a provider of Faker in this locale; write one like job",
        ),
        (
            "tables: [{name: t, id: {type: text, generator: {type: faker, provider: date_this_year}}}]",
            "reads the clock, so its values would change; use timestamp_range",
        ),
        (
            "tables: [{name: t, id: {type: text, generator: {type: faker, provider: job, locale: xx_XX}}}]",
            "has no locale xx_XX",
        ),
        (
            "tables: [{name: t, id: {type: text, generator: {type: faker, provider: job, args: {size: 3}}}}]",
            "does not take the args",
        ),
        (
            "tables: [{name: t, id: {type: int, generator: {type: faker, provider: job, unique: true, pool: 10}}}]",
            "is not a whole number",
        ),
        (
            "tables: [{name: t, id: {type: text, generator: {type: faker, provider: boolean, unique: true, pool: 10}}}]",
            "has only 2 different values, not 10; write pool: 2 or less",
        ),
        (
            "tables: [{name: t, id: {type: tiny_int, generator: {type: sequential}}}]",
            "gives 128 different values but the plan has 10,000 rows",
        ),
    ],
)
def test_invalid_schema_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    count = [] if "10,000 rows" in complaint else ["--row-count", "10"]
    assert main(["schema", str(path), *count]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert captured.err.count("\n") == 1


def test_schema_refuses_zero_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", SHOP, "--row-count", "0"]) == 2
    assert "--row-count: 0 is not a valid number of rows; write 1 or more" in capsys.readouterr().err
