"""A mistyped schema file loads or is refused in one line, never with a traceback."""

import pytest

from core.errors import InputError
from core.plan import BASE_INSTANT
from core.schema.checks.capacity import check_rows
from core.schema.file import parse_schema
from tests.core.schema.mutations import mutated
from worker.generate import Dataset

FILES = 500
PARTS = 5
ROWS = 5


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_schema_loads_or_is_refused_in_one_line(part: int) -> None:
    ends = {seed: _refusal(mutated(seed)) for seed in range(part, FILES, PARTS)}
    refusals = {seed: message for seed, message in ends.items() if message is not None}
    assert 0 < len(refusals) < len(ends)
    for seed, message in refusals.items():
        for line in message.splitlines():
            assert line.startswith(("mutated.yaml", "table ")), seed
            assert len(line) < 1000, seed


def _refusal(text: str) -> str | None:
    try:
        _load_and_generate(text)
    except InputError as error:
        return str(error)
    return None


def _load_and_generate(text: str) -> None:
    """Generate a few rows of each table, as `worker generate` does."""
    schema = parse_schema(text, "mutated.yaml")
    check_rows(schema, [table.name for table in schema.tables], ROWS)
    dataset = Dataset(schema, seed=1, rows=ROWS, base_instant=BASE_INSTANT)
    for table in schema.tables:
        dataset.table(table.name).batch(0, ROWS).validate(full=True)
