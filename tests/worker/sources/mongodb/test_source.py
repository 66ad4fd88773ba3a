"""What only a real replica set can show, and FerretDB is none: as rendered configuration, and by the codes of errors."""

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


def test_the_set_has_one_member_by_the_name_that_the_workers_use() -> None:
    assert initiation("rs0", AT) == {
        "replSetInitiate": {"_id": "rs0", "members": [{"_id": 0, "host": "database:27017"}]}
    }


@pytest.mark.parametrize(
    ("code", "remedy", "transient"),
    [(13, "grant the user readWrite", False), (18, "check user and password", False), (14031, "more disk", False),
     (10107, "primary", False), (91, "", True)],
)  # fmt: skip
def test_a_refusal_has_a_remedy(code: int, remedy: str, transient: bool) -> None:
    error = server_error(OperationFailure("refused, full error: {...}", code, {"errmsg": "refused"}), AT)
    assert str(error).startswith("mongodb://database:27017/loadtest: refused")
    assert remedy in str(error)
    assert error.transient is transient
    assert "secret" not in str(error)


def test_an_option_that_no_driver_knows() -> None:
    at = parse_connection("mongodb://database:27017/loadtest?w=lots&tls=maybe", MONGODB)
    with pytest.raises(InputError, match=r"connectionString: .*write options that MongoDB's drivers know"):
        open_source(MONGODB, at).connect()


def test_a_database_has_to_be_named() -> None:
    with pytest.raises(InputError, match="names no database; write mongodb://"):
        open_source(MONGODB, parse_connection("mongodb://database:27017", MONGODB))


@pytest.mark.parametrize("nulls", [False, True])
def test_documents_made_one_by_one_are_the_columnar_ones(nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls)
    assert DocumentByRow(table).encode(batch) == BsonEncoder(table).encode(batch).cut()


def test_a_command_holds_no_more_than_the_protocol_lets_it() -> None:
    rows = [str(row) for row in range(7)]
    sizes = np.array([5 * MIB, 5 * MIB, 5 * MIB, 100, 15 * MIB, 100, 100])
    parts = list(in_commands(Objects(rows, sizes)))
    assert [part.rows for part in parts] == [["0", "1"], ["2", "3"], ["4"], ["5", "6"]]
    assert [part.nbytes for part in parts] == [10 * MIB, 5 * MIB + 100, 15 * MIB, 200]
    assert list(in_commands(Objects([], sizes[:0]))) == []
