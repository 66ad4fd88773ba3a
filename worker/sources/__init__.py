"""One folder per store behind one interface; a store's driver is imported when the store is opened."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from core.connection import Connection
from core.connection_options import check_options
from core.stores import Capabilities
from worker.sources.base import ALONE, BaseSource, Source, WorkerSlot
from worker.sources.error_boundary import ErrorBoundary


def open_source(capabilities: Capabilities, connection: Connection, slot: WorkerSlot = ALONE) -> Source:
    """Return a store's source, not connected yet: `open_source` of `worker.sources.<store>.source`. Raises InputError."""
    check_options(connection, capabilities)
    module = import_module(f"worker.sources.{capabilities.name}.source")
    make = cast("Callable[[Connection, WorkerSlot], BaseSource]", module.open_source)
    return ErrorBoundary(make(connection, slot))
