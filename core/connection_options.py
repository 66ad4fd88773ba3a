"""Check the options of a connection string by the source's declaration, before a driver reads them."""

from core.connection import Connection
from core.errors import InputError
from core.stores import Capabilities


def check_options(at: Connection, source: Capabilities) -> None:
    """Raise InputError for an option that the source does not have, or a value that the option does not have."""
    if source.options:
        at.parameters(source.options)
    for name, value in at.options:
        values = source.option_values.get(name, ())
        if values and value not in values and value.upper() not in values:
            raise InputError.of(f"{at.key}: {name}", value, "is not a valid mode", f"use one of {', '.join(values)}")
