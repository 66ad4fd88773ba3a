"""Neo4j's prepare: inspect the database and every label of the run, raise all complaints at once, then change the database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from neo4j.exceptions import Neo4jError

from core.connection import Connection
from core.options import OnExisting
from core.schema.model import Table
from core.text import one_line
from core.units import MIB
from worker.sources.base import Check
from worker.sources.neo4j import existing
from worker.sources.neo4j.connection import Neo4jSession
from worker.sources.neo4j.ddl import constraint, name
from worker.sources.server_messages import exists_error, shape_error_of

_INDEX_SECONDS = 60
_TIMEOUT, _MEMORY = "db.transaction.timeout", "db.memory.transaction.max"
_CREATION_FAILED = ".ConstraintCreationFailed"
_UNITS: Mapping[str, int] = {"B": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}
_MOST_DELETED = 10_000
_OUT_OF_MEMORY = "Neo.TransientError.General.MemoryPoolOutOfMemoryError"
_DEADLOCK = "Neo.TransientError.Transaction.DeadlockDetected"
_IS_OF_RUN = "any(label IN labels(m) WHERE label IN $tables)"


def prepare(
    session: Neo4jSession,
    at: Connection,
    tables: Sequence[Table],
    on_existing: OnExisting,
    check: Check,
    batch_rows: int = 0,
) -> None:
    """Create a uniqueness constraint on each label's key, and delete nodes if `on_existing` requires it."""
    present, unconstrained = _inspect(session, at, tables, batch_rows, append=on_existing is OnExisting.APPEND)
    if present and on_existing is OnExisting.FAIL:
        raise exists_error("label", present[0].name, at)
    check(present)
    # Constraints first, so that a user who may not create them is refused before a node is deleted.
    blocked = [table for table in unconstrained if not _create_constraint(session, table, on_existing)]
    if on_existing is OnExisting.EMPTY:
        names = [table.name for table in tables]
        for table in present:
            empty(session, table, names)
    for table in blocked:
        session.rows(constraint(table))
    session.rows("CALL db.awaitIndexes($seconds)", seconds=_INDEX_SECONDS)


def _create_constraint(session: Neo4jSession, table: Table, on_existing: OnExisting) -> bool:
    """Create the constraint; return False if nodes that will be deleted prevent it."""
    try:
        session.rows(constraint(table))
    except Neo4jError as error:
        if on_existing is not OnExisting.EMPTY or not (error.code or "").endswith(_CREATION_FAILED):
            raise
        return False
    return True


def _inspect(
    session: Neo4jSession, at: Connection, tables: Sequence[Table], batch_rows: int, *, append: bool
) -> tuple[list[Table], list[Table]]:
    """Return the tables that exist and those without a constraint on the key; raise ServerError with every complaint."""
    whole = f"database {session.database!r}"
    complaints = {whole: _database_complaints(session)}
    complaints[whole] += _setting_complaints(session, _settings(session), tables, batch_rows)
    constraints, indexes = session.described("SHOW CONSTRAINTS"), session.described("SHOW INDEXES")
    present, unconstrained = [], []
    for table in tables:
        on_label = existing.on_label(constraints, table)
        unique = any(existing.makes_key_unique(each, table) for each in on_label)
        nodes = session.rows(f"MATCH (n:{name(table.name)}) RETURN 1 LIMIT 1")
        found = [each for row in on_label for each in existing.constraint_complaints(row, table)]
        found += [each for row in existing.on_label(indexes, table) for each in existing.index_complaints(row, table)]
        if not unique:
            unconstrained.append(table)
            found += existing.name_complaints([*constraints, *indexes], table)
        if nodes:
            found += existing.node_complaints(session, table, [each.name for each in tables])
            if append and not unique and existing.has_equal_keys(session, table):
                found.append(
                    f"{table.primary_key}: its nodes have duplicate keys, wanted unique ones; delete the duplicates"
                )
        if nodes or unique:
            present.append(table)
        complaints[table.name] = found
    if any(complaints.values()):
        raise shape_error_of("label", at, complaints, [table.name for table in present])
    return present, unconstrained


def _database_complaints(session: Neo4jSession) -> list[str]:
    """Create a node without a label and roll it back; return complaints if the server or database refuses it."""
    with session.transaction() as transaction:
        try:
            transaction.run(session.cypher("CREATE ()")).consume()
        except Neo4jError as error:
            if (error.code or "").startswith("Neo.TransientError."):
                raise
            reason = one_line(error.message or str(error.code))
        else:
            transaction.rollback()
            return []
    remedy = "name a writable server, or grant the user the role publisher"
    known = list(existing.database_complaints(session.databases(), session.database))
    return known or [f"cannot be written ({reason}); {remedy}"]


def _settings(session: Neo4jSession) -> Mapping[str, str]:
    """Return the server's limits as far as the user may read them."""
    shown = "SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value"
    with suppress(Neo4jError):
        return dict(session.rows(shown, names=[_TIMEOUT, _MEMORY]))
    return {}


def _setting_complaints(
    session: Neo4jSession, settings: Mapping[str, str], tables: Sequence[Table], batch_rows: int
) -> Iterator[str]:
    """Yield complaints about settings that no session can change and that end a transaction of the run."""
    timeout = settings.get(_TIMEOUT, "0s")
    if timeout not in ("0s", "0") and not session.overrides_timeout:
        yield f"has {_TIMEOUT}={timeout}, which ends transactions and which no session can change in this version; set it to 0"
    memory = memory_of(settings.get(_MEMORY, "0B"))
    batch = batch_rows * max((table.estimated_row_bytes for table in tables), default=0)
    if 0 < memory < batch:
        yield f"has {_MEMORY}={settings[_MEMORY]}, wanted {batch:,} bytes for a batch or more; raise it, or lower batchSize"


def memory_of(text: str) -> int:
    """Return the bytes of a setting such as `16.00MiB`; 0 for no limit, and for text of another form."""
    found = re.fullmatch(r"([\d.]+)(\w+)", text)
    return int(float(found[1]) * _UNITS.get(found[2], 0)) if found else 0


def empty(session: Neo4jSession, table: Table, tables: Sequence[str]) -> None:
    """Delete the label's nodes, and relationships between nodes of the run's labels, in transactions of a bounded size.

    A node that got another label, or a relationship to a foreign node, after the inspection is not deleted. CALL … IN
    TRANSACTIONS is not used, because the server's timeout would apply to its transactions.
    """
    label = name(table.name)
    if session.rows(f"MATCH (n:{label})-[r]-() RETURN 1 LIMIT 1"):
        _empty_related(session, label, tables)
        return
    nodes = f"MATCH (n:{label}) WHERE size(labels(n)) = 1 WITH n LIMIT $most DELETE n RETURN count(*)"
    delete_all(session, nodes)


def _empty_related(session: Neo4jSession, label: str, tables: Sequence[str]) -> None:
    ids = f"MATCH (n:{label}) WHERE size(labels(n)) = 1 RETURN id(n) LIMIT {_MOST_DELETED}"
    given = f"MATCH (n:{label}) WHERE id(n) IN $ids"
    related = f"{given} MATCH (n)-[r]-(m) WHERE {_IS_OF_RUN} WITH DISTINCT r LIMIT $most DELETE r RETURN count(*)"
    while found := [each for (each,) in session.rows(ids)]:
        delete_all(session, related, ids=found, tables=list(tables))
        delete_all(session, f"{given} AND size(labels(n)) = 1 WITH n LIMIT $most DELETE n RETURN count(*)", ids=found)


def delete_all(session: Neo4jSession, query: str, **parameters: Any) -> None:
    """Run a deletion of at most `$most` until it finds nothing; lower `$most` if the server's memory limit is exceeded."""
    most = _MOST_DELETED
    while True:
        try:
            ((deleted,),) = session.rows(query, most=most, **parameters)
        except Neo4jError as error:
            if error.code == _DEADLOCK:
                # Another `prepare` of this run deletes as well; the server has rolled this deletion back.
                continue
            if error.code != _OUT_OF_MEMORY or most == 1:
                raise
            most = max(1, most // 4)
            continue
        if deleted < most:
            return
