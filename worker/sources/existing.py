"""What to say of a table, collection, label or topic that is there before the run; each source's `prepare` decides."""

from collections.abc import Collection, Mapping, Sequence

from core.connection import Connection
from core.errors import ServerError


def in_another_shape(what: str, name: str, at: Connection, found: str) -> ServerError:
    """It has the name and not the columns; `found` says what it has instead."""
    return ServerError(f"{what} {name!r} exists at {at} in another shape ({found}); drop it or load elsewhere")


def not_to_be_touched(what: str, name: str, at: Connection) -> ServerError:
    """It is as it should be, and `onExisting` is `fail`."""
    return ServerError(
        f"{what} {name!r} exists at {at}; set loadtest:onExisting to empty or append, or drop the {what}"
    )


def in_the_way(
    what: str, at: Connection, complaints: Mapping[str, Sequence[str]], existing: Collection[str]
) -> ServerError:
    """Name everything that is wrong, by the name of the table, collection, label or topic; `existing` are there."""
    every = "; ".join(f"{name}: {complaint}" for name, found in complaints.items() for complaint in found)
    shown = ", ".join(repr(name) for name, found in complaints.items() if found and name in existing)
    where = f"{what} {shown} exists at {at} in another shape" if shown else f"{at}"
    return ServerError(f"{where}: {every}")
