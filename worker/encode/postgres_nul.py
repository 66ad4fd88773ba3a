"""The one character that PostgreSQL's text cannot hold."""

from typing import Any

from core.errors import PlanError
from worker.encode.escape import present


def without_nul(values: Any) -> Any:
    """The values, which hold no NUL; raises PlanError where one does."""
    if present(values, b"\0"):
        raise PlanError(
            "source: 'postgresql' cannot store the character NUL that the schema's strings hold; "
            "use the type bytes for that column, or a value without it"
        )
    return values
