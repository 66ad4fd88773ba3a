"""Complaints about databases, constraints and indexes, from the rows with which Neo4j describes them.

Constraints on types, existence and node keys, clusters and read-only databases are the enterprise edition's or another
server's: these are tested by the answers that Neo4j documents.
"""

from typing import Any

import pytest

from tests.worker.sources.loading import EVERY_KIND, KEYED, table_of, wide_table
from worker.sources.neo4j.connection import version_of
from worker.sources.neo4j.existing import constraint_complaints, database_complaints, index_complaints
from worker.sources.neo4j.prepare import memory_of

_ONLINE = {"name": "shop", "type": "standard", "aliases": ["Store"], "access": "read-write", "currentStatus": "online"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([_ONLINE], None),
        ([{**_ONLINE, "currentStatus": "offline"}, _ONLINE], None),
        ([{**_ONLINE, "currentStatus": "offline", "statusMessage": "no disk"}], "is offline (no disk), wanted online"),
        ([{**_ONLINE, "access": "read-only"}], "is read-only, wanted read-write"),
        ([{**_ONLINE, "type": "composite"}], "is a composite database"),
        ([{**_ONLINE, "name": "other", "aliases": [], "access": "read-only"}], None),
    ],
)
@pytest.mark.parametrize("database", ["shop", "store"])
def test_unusable_database_is_refused(rows: list[dict[str, Any]], said: str | None, database: str) -> None:
    found = list(database_complaints(rows, database))
    assert (said in found[0]) if said else found == []


def _constraint(kind: str, *properties: str, of: str | None = None) -> dict[str, Any]:
    return {"name": "it", "type": kind, "properties": list(properties), "propertyType": of}


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (_constraint("UNIQUENESS", "id"), None),
        (_constraint("UNIQUENESS", "id", "order"), None),
        (_constraint("UNIQUENESS", "order", "absent"), None),
        (_constraint("UNIQUENESS", "order"), "order: has a uniqueness constraint 'it', but the schema's values repeat"),
        (_constraint("NODE_KEY", "id"), None),
        (_constraint("NODE_KEY", "order"), "order: has a node key constraint 'it', but the schema's values repeat"),
        (_constraint("NODE_KEY", "id", "absent"), "absent: has a node key constraint 'it', and the schema has no such column"),
        (_constraint("NODE_PROPERTY_EXISTENCE", "order"), None),
        (_constraint("NODE_PROPERTY_EXISTENCE", "absent"), "absent: has an existence constraint 'it'"),
        (_constraint("NODE_PROPERTY_TYPE", "order", of="STRING"), None),
        (_constraint("NODE_PROPERTY_TYPE", "order", of="INTEGER | STRING"), None),
        (_constraint("NODE_PROPERTY_TYPE", "absent", of="INTEGER"), None),
        (_constraint("NODE_PROPERTY_TYPE", "order", of="INTEGER"), "type constraint 'it' for INTEGER, wanted STRING"),
        (_constraint("NODE_LABEL_EXISTENCE"), "of an unknown type (NODE_LABEL_EXISTENCE)"),
    ],
)  # fmt: skip
def test_violated_constraint_is_refused(constraint: dict[str, Any], said: str | None) -> None:
    found = list(constraint_complaints(constraint, table_of(KEYED)))
    assert (said in found[0] and "DROP CONSTRAINT `it`" in found[0]) if said else found == []


def test_existence_constraint_on_nullable_column_is_refused() -> None:
    (said,) = constraint_complaints(_constraint("NODE_PROPERTY_EXISTENCE", "a_text"), table_of(EVERY_KIND))
    assert "a_text: has an existence constraint 'it', and the schema has nulls" in said


def test_index_too_small_for_a_value_is_refused() -> None:
    index = {"name": "it", "type": "RANGE", "properties": ["wide"], "state": "ONLINE", "owningConstraint": None}
    (said,) = index_complaints(index, wide_table("x" * 9_000))
    assert "wide: has range index 'it', which takes 8,160 bytes of a value, and the schema's have up to 9,000" in said
    assert list(index_complaints(index, wide_table("x" * 8_000))) == []
    assert list(index_complaints({**index, "type": "TEXT"}, wide_table("x" * 9_000))) == []
    assert list(index_complaints({**index, "owningConstraint": "it"}, wide_table("x" * 9_000))) == []


def test_versions_and_sizes_are_parsed() -> None:
    assert [version_of(agent) for agent in ("Neo4j/5.26.0", "Neo4j/2025.06.1", "Neo4j/5.27-aura")] == [
        (5, 26),
        (2025, 6),
        (5, 27),
    ]
    assert [memory_of(text) for text in ("0B", "16.00MiB", "1.50GiB", "none")] == [0, 16 * 2**20, 3 * 2**29, 0]
