"""Existing collections are inspected before a document is deleted; connection string options change no value.

FerretDB ignores the options of views, capped and time series collections: these are tested by MongoDB's documented answers.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from core.connection import parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.schema.model import Table
from core.stores import METHODS, MONGODB
from testkit.serving import Served, serving
from tests.worker.sources.beds.mongodb import MongoDBBed
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, ROWS, connected, load, table_of
from worker.sources import open_source
from worker.sources.base import ALONE
from worker.sources.mongodb.existing import index_complaints, missing_rights, option_complaints

BED = MongoDBBed()
_HOSTILE = (
    "w=0&readPreference=secondary&readConcernLevel=majority&retryWrites=true&compressors=zlib"
    "&uuidRepresentation=javaLegacy"
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("mongodb") as server:
        yield server


@pytest.fixture
def database(served: Served) -> Iterator["Database[dict[str, Any]]"]:
    client: MongoClient[dict[str, Any]] = MongoClient(served.connection_string)
    with client:
        for name in client["loadtest"].list_collection_names():
            client["loadtest"].drop_collection(name)
        yield client["loadtest"]


def _named(name: str) -> Table:
    return table_of(KEYED).model_copy(update={"name": name})


def _document(table: Table, key: str) -> dict[str, Any]:
    return {"_id": key, **{column.name: 1 for column in table.columns if column.name != table.primary_key}}


@pytest.mark.docker
@pytest.mark.parametrize("wish", OnExisting)
def test_prepare_raises_all_complaints_before_a_change(
    served: Served, database: "Database[dict[str, Any]]", wish: OnExisting
) -> None:
    plain, indexed, _, other = tables = [_named(name) for name in ("plain", "indexed", "checked", "other")]
    repeating = next(column.name for column in plain.columns if column.name != plain.primary_key)
    database["plain"].insert_many([_document(plain, "a"), _document(plain, "b")])
    database["indexed"].insert_one(_document(indexed, "a"))
    database["indexed"].create_index(repeating, unique=True, name="once")
    database["indexed"].create_index("seen", expireAfterSeconds=9_999_999, name="old")
    database.create_collection("checked")
    database.command("collMod", "checked", validator={"order": {"$type": "string"}})
    database["other"].insert_one({**_document(other, "a"), "extra": 1})
    with connected("mongodb", served.connection) as source, pytest.raises(ServerError) as refused:
        source.prepare([*tables, _named("absent")], wish)
    text = str(refused.value)
    assert text.startswith("collection 'indexed', 'checked', 'other' exists at mongodb://")
    assert f"indexed: {repeating}: has unique index 'once'" in text
    assert "indexed: seen: has index 'old' with expireAfterSeconds" in text
    assert "checked: has option validator, which generated documents may violate; remove it with collMod" in text
    assert "other: its documents have extra, wanted no others" in text
    assert "plain:" not in text
    assert database["plain"].count_documents({}) == 2
    assert database["indexed"].count_documents({}) == 1
    assert "absent" not in database.list_collection_names()


@pytest.mark.docker
def test_unique_index_over_unique_columns_is_accepted(served: Served, database: "Database[dict[str, Any]]") -> None:
    table = _named("indexed")
    database["indexed"].insert_one(_document(table, "a"))
    database["indexed"].create_index([("_id", 1), (table.columns[-1].name, 1)], unique=True)
    with connected("mongodb", served.connection) as source:
        source.prepare([table], OnExisting.EMPTY)
        assert source.count(table) == 0


@pytest.mark.docker
@pytest.mark.parametrize("method", METHODS)
def test_options_of_the_string_change_no_value(
    served: Served, database: "Database[dict[str, Any]]", method: str
) -> None:
    assert database.list_collection_names() == []
    at = parse_connection(f"{served.connection_string}&{_HOSTILE}", MONGODB)
    table = table_of(EVERY_KIND)
    with connected("mongodb", at) as source:
        source.prepare([table], OnExisting.EMPTY)
        load(source, EVERY_KIND, method=method)
        load(source, EVERY_KIND, method=method, redo=True)
        assert source.count(table) == ROWS
    found = sorted(BED.rows(served, table), key=lambda row: row["id"])
    assert found == sorted(BED.expected(table, DATASET.table(EVERY_KIND).batch(0, ROWS)), key=lambda row: row["id"])


@pytest.mark.docker
def test_server_without_tls_is_refused_at_once(served: Served) -> None:
    source = open_source(MONGODB, parse_connection(f"{served.connection_string}&tls=true", MONGODB), ALONE)
    with pytest.raises(ServerError, match=r"the server speaks no TLS; leave tls=true out") as refused:
        source.connect()
    source.close()
    assert not refused.value.transient


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"type": "view", "options": {"viewOn": "a", "pipeline": []}}, "is a view, wanted a collection"),
        ({"type": "timeseries", "options": {"timeseries": {"timeField": "t"}}}, "is a timeseries, wanted a collection"),
        ({"type": "collection", "options": {"capped": True, "size": 4096}}, "has option capped"),
        ({"type": "collection", "options": {"validator": {"a": {"$exists": True}}}}, "has option validator"),
        ({"type": "collection", "options": {"collation": {"locale": "en", "strength": 1}}}, "has option collation"),
        ({"type": "collection", "options": {"clusteredIndex": {}, "expireAfterSeconds": 5}}, "expireAfterSeconds"),
        ({"type": "collection", "info": {"readOnly": True}}, "is read-only"),
    ],
)  # fmt: skip
def test_option_is_refused(described: dict[str, Any], said: str) -> None:
    (complaint,) = option_complaints(described)
    assert said in complaint


def test_harmless_options_are_accepted() -> None:
    options = {"validator": {}, "collation": {"locale": "simple"}, "changeStreamPreAndPostImages": {"enabled": True}}
    assert list(option_complaints({"type": "collection", "options": options, "info": {"readOnly": False}})) == []


def test_index_that_refuses_values_is_named() -> None:
    kinds = {column.name: column.type.kind for column in table_of(EVERY_KIND).columns}
    array = next(name for name, kind in kinds.items() if kind == "array")
    members = next(name for name, kind in kinds.items() if kind == "set")
    for keys, said in (
        ({array: "hashed"}, "hashed index"),
        ({array: 1, members: 1}, "two arrays"),
        ({"a_text": "2dsphere"}, "not a point"),
    ):
        (complaint,) = index_complaints({"name": "it", "key": keys}, table_of(EVERY_KIND))
        assert said in complaint


_READ_WRITE = ["find", "insert", "remove", "update", "createCollection"]


@pytest.mark.parametrize(
    ("resource", "actions", "lacking"),
    [
        ({"db": "loadtest", "collection": ""}, _READ_WRITE, None),
        ({"db": "", "collection": ""}, _READ_WRITE, None),
        ({"anyResource": True}, ["anyAction"], None),
        ({"db": "loadtest", "collection": "other"}, _READ_WRITE, "createCollection, find, insert, remove"),
        ({"db": "loadtest", "collection": ""}, ["find", "createCollection"], "insert, remove"),
    ],
)
def test_missing_rights_are_named(resource: dict[str, Any], actions: list[str], lacking: str | None) -> None:
    authorized = {
        "authenticatedUsers": [{"user": "me", "db": "admin"}],
        "authenticatedUserPrivileges": [{"resource": resource, "actions": actions}],
    }
    found = list(missing_rights(authorized, "loadtest", "users", exists=False))
    assert (f"no right to {lacking};" in found[0]) if lacking else found == []


def test_missing_rights_are_empty_without_login() -> None:
    assert list(missing_rights({"authenticatedUsers": []}, "loadtest", "users", exists=False)) == []
