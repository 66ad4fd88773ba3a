"""Errors that one worker receives because of another worker's failure."""

from neo4j.exceptions import DatabaseError

from core.connection import parse_connection
from core.stores import NEO4J
from worker.sources.neo4j.errors import server_error

AT = parse_connection("bolt://neo4j:secret@database:7687", NEO4J)


class PanickedError(DatabaseError):
    """The error that version 5.26 sends to every session after a failed write to its log."""

    code = "Neo.DatabaseError.General.UnknownError"
    message = "The database has encountered a critical error, and needs to be restarted."


def test_panicked_server_has_remedy_for_disk() -> None:
    error = server_error(PanickedError(), AT)
    assert "a full disk or too little memory" in str(error)
    assert not error.transient
