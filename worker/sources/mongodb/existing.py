"""Compare a collection that exists with the one that a run needs, without changing anything."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from core.schema.model import Table
from core.schema.types import LISTS, Kind
from core.text import one_line

_OPTIONS: Mapping[str, tuple[str, str]] = {
    "capped": ("which drops its oldest documents", "create it without capped"),
    "validator": ("which generated documents may violate", "remove it with collMod"),
    "collation": ("in which different keys may be equal", "create the collection without one"),
    "expireAfterSeconds": ("which deletes documents by their age", "turn it off with collMod"),
    "encryptedFields": ("which only an encrypting client may write", "create the collection without them"),
}
"""Options of a collection that change what is stored or kept, with the reason and a remedy."""


def inspect(collection: "Collection[dict[str, Any]]", described: Mapping[str, Any], table: Table) -> list[str]:
    """Return complaints about a collection; `described` is its entry in the answer of listCollections."""
    complaints = list(option_complaints(described))
    if described.get("type", "collection") != "collection":
        return complaints
    for index in collection.list_indexes():
        complaints += index_complaints(index, table)
    return [*complaints, *_shape(collection, table), *_refused_deletion(collection)]


def option_complaints(described: Mapping[str, Any]) -> Iterator[str]:
    """Yield complaints about a collection's kind and options, from its entry in the answer of listCollections."""
    kind = described.get("type", "collection")
    if kind != "collection":
        yield f"is a {kind}, wanted a collection; drop it or load elsewhere"
        return
    options = described.get("options", {})
    for option, (why, remedy) in _OPTIONS.items():
        # An empty validator has no effect, and the simple collation compares bytes.
        if options.get(option) and not (option == "collation" and options[option].get("locale") == "simple"):
            yield f"has option {option}, {why}; {remedy}"
    if described.get("info", {}).get("readOnly"):
        yield "is read-only; connect to a writable server"


def index_complaints(index: Mapping[str, Any], table: Table) -> Iterator[str]:
    """Yield complaints about an index that refuses or deletes documents of the table."""
    name, keys = str(index["name"]), dict(index["key"])
    fields = ["_id" if field == table.primary_key else field for field in table.unique_columns]
    where = f"{', '.join(keys)}: has"
    if index.get("unique") and not any(field in fields for field in keys):
        yield (
            f"{where} unique index {name!r}, but the schema's values repeat; drop the index, or make the column unique "
            "in the schema"
        )
    if "expireAfterSeconds" in index:
        yield f"{where} index {name!r} with expireAfterSeconds, which deletes documents by their age; drop the index"
    columns = {column.name: column.type.kind for column in table.columns}
    arrays = [field for field in keys if columns.get(field) in LISTS]
    if len(arrays) > 1:
        yield f"{where} index {name!r} over two arrays ({', '.join(arrays)}), which MongoDB forbids; drop the index"
    for field, kind in keys.items():
        if kind == "hashed" and field in arrays:
            yield f"{where} hashed index {name!r} over an array, which MongoDB forbids; drop the index"
        if kind in ("2d", "2dsphere") and field in columns and columns[field] is not Kind.POINT:
            yield f"{where} {kind} index {name!r} over a column that is not a point; drop the index"
    if (language := index.get("language_override")) in columns:
        yield f"{where} text index {name!r}, which takes its language from column {language!r}; drop the index"


def _shape(collection: "Collection[dict[str, Any]]", table: Table) -> Iterator[str]:
    """Yield complaints about the fields of one document, which represents all; an empty collection has no shape."""
    document = collection.find_one()
    if document is None:
        return
    wanted = {"_id", *(column.name for column in table.columns if column.name != table.primary_key)}
    if missing := sorted(wanted - set(document)):
        yield f"its documents lack {', '.join(missing)}, wanted in each; drop the collection or load elsewhere"
    if further := sorted(set(document) - wanted):
        yield f"its documents have {', '.join(further)}, wanted no others; drop the collection or load elsewhere"


def missing_rights(authorized: Mapping[str, Any], database: str, name: str, *, exists: bool) -> Iterator[str]:
    """Yield the rights that the user lacks, from `authInfo` of connectionStatus, which may be empty."""
    privileges = authorized.get("authenticatedUserPrivileges")
    if not authorized.get("authenticatedUsers") or not privileges:
        return
    granted = {
        action
        for privilege in privileges
        if _covers(privilege["resource"], database, name)
        for action in privilege["actions"]
    }
    wanted = {"find", "insert", "remove"} if exists else {"find", "insert", "remove", "createCollection"}
    if "anyAction" not in granted and (lacking := sorted(wanted - granted)):
        yield f"the user has no right to {', '.join(lacking)}; grant readWrite on the database {database!r}"


def _covers(resource: Mapping[str, Any], database: str, name: str) -> bool:
    if resource.get("anyResource"):
        return True
    return resource.get("db") in ("", database) and resource.get("collection") in ("", name)


def _refused_deletion(collection: "Collection[dict[str, Any]]") -> Iterator[str]:
    """Yield the error of a deletion that matches no document, if the server or the user may only read."""
    try:
        collection.database.command("delete", collection.name, deletes=[{"q": {"_id": {"$in": []}}, "limit": 0}])
    except OperationFailure as error:
        message = one_line((error.details or {}).get("errmsg", error))
        yield f"documents cannot be deleted ({message}); grant readWrite on the database, or name the primary"
