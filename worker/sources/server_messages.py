"""Messages that several stores with a server share: remedies, and errors about tables that exist before the run."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from core.connection import Connection
from core.errors import ServerError
from core.settings_key import setting_key

MORE_DISK = "give the server more disk (databaseMemoryLimit is what databaseTmpfs takes its RAM disk from)"
LOST = (
    "see the server's log for why it went away: a full disk or too little memory ends it (databaseMemoryLimit is its "
    "memory, and what databaseTmpfs takes its RAM disk from)"
)
_FULL = "no space left on device"


def is_disk_full(message: str) -> bool:
    """Return whether a server's message contains the operating system's text for a full disk, which has no error code."""
    return _FULL in message.lower()


def exists_error(what: str, name: str, at: Connection) -> ServerError:
    """Return the error for a table with the right shape that exists while `onExisting` is `fail`."""
    return ServerError(
        f"{what} {name!r} exists at {at}; set {setting_key('onExisting')} to empty or append, or drop the {what}"
    )


def shape_error(what: str, shaped: Collection[str], at: Connection, complaints: Iterable[str]) -> ServerError:
    """Return an error with all complaints; `shaped` has the names of the tables, labels or topics of another shape."""
    names = ", ".join(map(repr, shaped))
    where = f"{what} {names} exists at {at} in another shape" if names else f"{at}"
    return ServerError(f"{where}: {'; '.join(complaints)}")


def shape_error_of(
    what: str, at: Connection, complaints: Mapping[str, Sequence[str]], existing: Collection[str]
) -> ServerError:
    """Return an error with all complaints, by the name of the collection, label or topic; `existing` has those that exist."""
    shaped = [name for name, found in complaints.items() if found and name in existing]
    every = (f"{name}: {complaint}" for name, found in complaints.items() for complaint in found)
    return shape_error(what, shaped, at, every)
