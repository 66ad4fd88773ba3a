"""Refuse schemas that a store cannot hold, and warn about values that it stores in another form.

A store's checks are the module `core.schema.checks.<store>`, with `complaints(table)` and, where it changes values,
`warnings(table)`. A store without limits has no such module.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec

from core.errors import PlanError
from core.schema.model import Table

Check = Callable[[Table], Iterator[str]]


def check_limits(source: str, tables: Iterable[Table]) -> None:
    """Raise PlanError with everything that the store cannot hold, in one line."""
    found = list(_results(source, "complaints", tables))
    if found:
        raise PlanError(f"source: {source!r} cannot hold the schema: {' | '.join(found)}")


def limit_warnings(source: str, tables: Iterable[Table]) -> list[str]:
    """Return one line for each value that the store would change or may refuse."""
    return list(_results(source, "warnings", tables))


def _results(source: str, check: str, tables: Iterable[Table]) -> Iterator[str]:
    module = f"core.schema.checks.{source}"
    function: Check | None = getattr(import_module(module), check, None) if find_spec(module) else None
    if function is not None:
        for table in tables:
            yield from function(table)
