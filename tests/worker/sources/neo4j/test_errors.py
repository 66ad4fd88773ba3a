"""A remedy for what the server says to one worker of what befell another."""

from neo4j.exceptions import DatabaseError

from core.connection import parse_connection
from core.stores import NEO4J
from worker.sources.neo4j.errors import server_error

AT = parse_connection("bolt://neo4j:secret@database:7687", NEO4J)


class PanickedError(DatabaseError):
    """As version 5.26 says it to every session, once it could not write to its log."""

    code = "Neo.DatabaseError.General.UnknownError"
    message = "The database has encountered a critical error, and needs to be restarted."


def test_a_server_that_could_not_write_is_one_that_may_have_a_full_disk() -> None:
    error = server_error(PanickedError(), AT)
    assert "a full disk or too little memory" in str(error)
    assert not error.transient
