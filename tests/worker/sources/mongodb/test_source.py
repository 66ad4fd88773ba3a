"""Replica sets, which FerretDB does not have, as commands and error codes; documents and connection strings."""

import numpy as np
import pytest
from pymongo.errors import OperationFailure

from core.connection import parse_connection
from core.errors import InputError
from core.stores import MONGODB
from core.units import MIB
from tests.worker.encode import samples
from worker.encode.bson import BsonEncoder
from worker.encode.rows import Objects
from worker.sources import open_source
from worker.sources.mongodb.errors import server_error
from worker.sources.mongodb.prepare import initiation
from worker.sources.mongodb.sinks import DocumentByRow, in_commands

AT = parse_connection("mongodb://loadtest:secret@database:27017/loadtest?authSource=admin", MONGODB)


def test_initiation_uses_member_address_of_workers() -> None:
    assert initiation("rs0", AT) == {
        "replSetInitiate": {"_id": "rs0", "members": [{"_id": 0, "host": "database:27017"}]}
    }


@pytest.mark.parametrize(
    ("code", "remedy", "transient"),
    [(13, "grant the user readWrite", False), (18, "check user and password", False), (14031, "more disk", False),
     (10107, "primary", False), (91, "", True)],
)  # fmt: skip
def test_server_refusal_has_remedy(code: int, remedy: str, transient: bool) -> None:
    error = server_error(OperationFailure("refused, full error: {...}", code, {"errmsg": "refused"}), AT)
    assert str(error).startswith("mongodb://database:27017/loadtest: refused")
    assert remedy in str(error)
    assert error.transient is transient
    assert "secret" not in str(error)


def test_unknown_option_is_refused() -> None:
    at = parse_connection("mongodb://database:27017/loadtest?w=lots&tls=maybe", MONGODB)
    with pytest.raises(
        InputError, match=r"^connectionString: tls: 'maybe' is not a valid value; use one of true, false$"
    ):
        open_source(MONGODB, at)


def test_string_without_database_is_refused() -> None:
    with pytest.raises(InputError, match="names no database; write mongodb://"):
        open_source(MONGODB, parse_connection("mongodb://database:27017", MONGODB))


@pytest.mark.parametrize("nulls", [False, True])
def test_row_and_column_encoders_produce_equal_documents(nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls)
    assert DocumentByRow(table).encode(batch) == BsonEncoder(table).encode(batch).cut()


def test_commands_stay_within_protocol_limit() -> None:
    rows = [str(row) for row in range(7)]
    sizes = np.array([5 * MIB, 5 * MIB, 5 * MIB, 100, 15 * MIB, 100, 100])
    parts = list(in_commands(Objects(rows, sizes)))
    assert [part.rows for part in parts] == [["0", "1"], ["2", "3"], ["4"], ["5", "6"]]
    assert [part.nbytes for part in parts] == [10 * MIB, 5 * MIB + 100, 15 * MIB, 200]
    assert list(in_commands(Objects([], sizes[:0]))) == []
