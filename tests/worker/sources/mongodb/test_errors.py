"""Each error that FerretDB can be made to give has the remedy for its cause; the codes are MongoDB's."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from bson import Int64
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from testkit.serving import PASSWORD, Served, shared
from worker.sources.known_errors import UNKNOWN
from worker.sources.mongodb.errors import server_error

pytestmark = pytest.mark.docker
PROVOKED: Mapping[str, tuple[Mapping[str, Any], int, str]] = {
    "duplicate": ({"insert": "made", "documents": [{"_id": 1}]}, 11000, "loadtest:onExisting to empty"),
    "missing": ({"collMod": "missing"}, 26, "run `worker prepare` first"),
    "command": ({"missing": 1}, 59, "MongoDB or FerretDB 2"),
    "name": ({"create": "a$b"}, 73, "rename the table"),
    "type": ({"find": "made", "filter": 1}, 14, "correct the column's name or generator"),
    "operator": ({"find": "made", "filter": {"a": {"$missing": 1}}}, 2, "the options in the connection string"),
    "cursor": ({"getMore": Int64(77), "collection": "made"}, 43, "cursorTimeoutMillis"),
    "index": ({"createIndexes": "made", "indexes": [{"key": {"b": 1}, "name": "a"}]}, 86, "drop the index"),
}
"""Commands on a collection with a document `_id: 1` and an index `a`, the code of the refusal, and words of the remedy."""


@pytest.fixture(scope="module")
def served() -> Served:
    return shared("mongodb")


@pytest.fixture
def database(served: Served) -> Iterator["Database[dict[str, Any]]"]:
    client: MongoClient[dict[str, Any]] = MongoClient(served.connection_string)
    with client:
        made = client["errors"]
        made.drop_collection("made")
        made["made"].insert_one({"_id": 1})
        made["made"].create_index("a", name="a")
        yield made


def _provoke(database: "Database[dict[str, Any]]", command: Mapping[str, Any]) -> tuple[int, PyMongoError]:
    try:
        answer = database.command(dict(command))
    except OperationFailure as error:
        return error.code or 0, error
    first = answer["writeErrors"][0]
    return int(first["code"]), OperationFailure(first["errmsg"], first["code"], first)


@pytest.mark.parametrize("case", PROVOKED)
def test_provoked_error_has_remedy_for_its_cause(
    served: Served, database: "Database[dict[str, Any]]", case: str
) -> None:
    command, code, remedy = PROVOKED[case]
    found, error = _provoke(database, command)
    line = str(server_error(error, served.connection))
    assert found == code, line
    assert remedy in line
    assert not line.endswith(UNKNOWN)


@pytest.mark.parametrize(
    ("change", "code", "remedy"),
    [
        (("loadtest:", "loadtest:wrong-"), 18, "check user and password"),
        (("loadtest:{}@", ""), 13, "write user and password"),
    ],
)
def test_refused_login_has_remedy(served: Served, change: tuple[str, str], code: int, remedy: str) -> None:
    before, after = (text.format(PASSWORD) for text in change)
    text = served.connection_string.replace(f"//{before}", f"//{after}")
    client: MongoClient[dict[str, Any]] = MongoClient(text)
    with client, pytest.raises(OperationFailure) as raised:
        client["loadtest"].command("find", "made")
    assert raised.value.code == code
    assert remedy in str(server_error(raised.value, served.connection))
