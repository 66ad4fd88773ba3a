"""Neo4j's prepare: look at the database, and at every label of the run, and raise all complaints at once, before any change."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from neo4j.exceptions import Neo4jError

from core.connection import Connection
from core.plan import OnExisting
from core.schema.model import Table
from core.text import one_line
from core.units import MIB
from worker.sources.existing import in_the_way, not_to_be_touched
from worker.sources.neo4j import existing
from worker.sources.neo4j.cypher import constraint, name
from worker.sources.neo4j.delete import empty
from worker.sources.neo4j.session import Neo4jSession

_INDEX_SECONDS = 60
_TIMEOUT, _MEMORY = "db.transaction.timeout", "db.memory.transaction.max"
_IN_ITS_WAY = ".ConstraintCreationFailed"
_UNITS: Mapping[str, int] = {"B": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}


def prepare(
    session: Neo4jSession,
    at: Connection,
    tables: Sequence[Table],
    on_existing: OnExisting,
    batch_rows: int = 0,
) -> None:
    """Create a uniqueness constraint on each label's key, and delete nodes where `on_existing` says so."""
    there, unconstrained = _inspect(session, at, tables, batch_rows, append=on_existing is OnExisting.APPEND)
    if there and on_existing is OnExisting.FAIL:
        raise not_to_be_touched("label", there[0].name, at)
    # Constraints first: a user who may not create them is refused before a node is deleted.
    late = [table for table in unconstrained if not _constrain(session, table, on_existing)]
    if on_existing is OnExisting.EMPTY:
        names = [table.name for table in tables]
        for table in there:
            empty(session, table, names)
    for table in late:
        session.rows(constraint(table))
    session.rows("CALL db.awaitIndexes($seconds)", seconds=_INDEX_SECONDS)


def _constrain(session: Neo4jSession, table: Table, on_existing: OnExisting) -> bool:
    """Create the constraint; return False where nodes that are to be deleted are in its way."""
    try:
        session.rows(constraint(table))
    except Neo4jError as error:
        if on_existing is not OnExisting.EMPTY or not (error.code or "").endswith(_IN_ITS_WAY):
            raise
        return False
    return True


def _inspect(
    session: Neo4jSession, at: Connection, tables: Sequence[Table], batch_rows: int, *, append: bool
) -> tuple[list[Table], list[Table]]:
    """Return the tables that are there and those without a constraint on the key; raises ServerError with every complaint."""
    whole = f"database {session.database!r}"
    complaints = {whole: _database_complaints(session)}
    complaints[whole] += _setting_complaints(session, _settings(session), tables, batch_rows)
    constraints, indexes = session.described("SHOW CONSTRAINTS"), session.described("SHOW INDEXES")
    there, unconstrained = [], []
    for table in tables:
        ours = existing.on_label(constraints, table)
        unique = any(existing.makes_key_unique(each, table) for each in ours)
        nodes = session.rows(f"MATCH (n:{name(table.name)}) RETURN 1 LIMIT 1")
        found = [said for each in ours for said in existing.constraint_complaints(each, table)]
        found += [said for each in existing.on_label(indexes, table) for said in existing.index_complaints(each, table)]
        if not unique:
            unconstrained.append(table)
            found += existing.name_complaints([*constraints, *indexes], table)
        if nodes:
            found += existing.node_complaints(session, table, [each.name for each in tables])
            if append and not unique and existing.has_equal_keys(session, table):
                found.append(f"{table.primary_key}: its nodes have equal keys, wanted unique ones; delete the copies")
        if nodes or unique:
            there.append(table)
        complaints[table.name] = found
    if any(complaints.values()):
        raise in_the_way("label", at, complaints, [table.name for table in there])
    return there, unconstrained


def _database_complaints(session: Neo4jSession) -> list[str]:
    """Create a node without a label and take it back; return why a server or a database refuses it."""
    with session.transaction() as transaction:
        try:
            transaction.run(session.cypher("CREATE ()")).consume()
        except Neo4jError as error:
            if (error.code or "").startswith("Neo.TransientError."):
                raise
            said = one_line(error.message or str(error.code))
        else:
            transaction.rollback()
            return []
    remedy = "name a server that can be written, or grant the user the role publisher"
    known = list(existing.database_complaints(session.databases(), session.database))
    return known or [f"cannot be written ({said}); {remedy}"]


def _settings(session: Neo4jSession) -> Mapping[str, str]:
    """Return the server's limits as far as the user may see them."""
    shown = "SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value"
    with suppress(Neo4jError):
        return dict(session.rows(shown, names=[_TIMEOUT, _MEMORY]))
    return {}


def _setting_complaints(
    session: Neo4jSession, settings: Mapping[str, str], tables: Sequence[Table], batch_rows: int
) -> Iterator[str]:
    """Yield the settings that no session can change and that end a transaction of the run."""
    timeout = settings.get(_TIMEOUT, "0s")
    if timeout not in ("0s", "0") and not session.overrides_timeout:
        yield f"has {_TIMEOUT}={timeout}, which ends transactions and which this version lets no session change; set it to 0"
    memory = memory_of(settings.get(_MEMORY, "0B"))
    batch = batch_rows * max((table.estimated_row_bytes for table in tables), default=0)
    if 0 < memory < batch:
        yield f"has {_MEMORY}={settings[_MEMORY]}, wanted {batch:,} bytes for a batch or more; raise it, or lower batchSize"


def memory_of(text: str) -> int:
    """Return the bytes of a setting such as `16.00MiB`; 0 for no limit, and for what cannot be read."""
    found = re.fullmatch(r"([\d.]+)(\w+)", text)
    return int(float(found[1]) * _UNITS.get(found[2], 0)) if found else 0
